//! One bad row of a table costs one hand-off, whatever error it raises; an error of the table costs none.

use std::time::Duration;

use forebay_store::connect::{Database, Limits, OpenOptions};
use serde_json::{Value, json};

use super::Shop;

const NUM_GOOD: u32 = 20;

fn items() -> Value {
    json!({"table": "public.items", "columns": {"title": "title", "body": "body"}})
}

/// A shop whose table exists as `ddl` says, with one bad record among good ones.
async fn shop(ddl: &str, bad: &Value) -> Shop {
    let mut shop = Shop::open().await;
    shop.client.batch_execute(ddl).await.unwrap();
    shop.only_table(items()).await;
    let keys: Vec<String> = (0..NUM_GOOD).map(|n| format!("{n:02}")).collect();
    let mut records: Vec<_> = keys.iter().map(|key| (key.as_str(), json!({"title": key}))).collect();
    records.push(("bad", bad.clone()));
    shop.put_all(&records).await;
    shop
}

/// A table whose trigger runs `action` for each row that is named by `condition`.
fn trigger(condition: &str, action: &str) -> String {
    format!(
        "create table public.items (reference_id uuid primary key, title text, body text); \
         create function public.refuse() returns trigger language plpgsql as $$ begin \
             if {condition} then {action}; end if; return new; end $$; \
         create trigger refuse before insert on public.items for each row execute function public.refuse()"
    )
}

fn raise(sqlstate: &str) -> String {
    format!("raise exception 'secret!' using errcode = '{sqlstate}'")
}

/// The attempts that failed: record key, class, code, SQLSTATE.
async fn attempts(shop: &Shop) -> Vec<String> {
    shop.column(
        "select concat_ws(' ', r.record_key, a.failure_class, a.reason_code, substring(a.message from 'SQLSTATE (.*)\\)')) \
         from forebay.ingestion_attempts as a join forebay.\"references\" as r using (reference_id) order by 1",
    )
    .await
}

async fn num_rows(shop: &Shop) -> i64 {
    shop.row("select count(*) from public.items").await.get(0)
}

/// Expects that only the bad row failed, with this class, code and SQLSTATE.
async fn expect_one(shop: &Shop, expected: &str) {
    let report = shop.drain().await;
    assert!(report.error.is_none(), "{expected}: {:?}", report.error);
    assert_eq!(report.num_succeeded, u64::from(NUM_GOOD), "{expected}");
    // A slow drain may have retried it already.
    let mut attempts = attempts(shop).await;
    attempts.dedup();
    assert_eq!(attempts, [format!("bad {expected}")]);
    assert_eq!(num_rows(shop).await, i64::from(NUM_GOOD), "{expected}");
    let state = if expected.starts_with("transient") { "retrying" } else { "failed" };
    assert_eq!(shop.states().await, [format!("{state} 1"), format!("succeeded {NUM_GOOD}")]);
    let message = shop.row("select string_agg(message, '') from forebay.ingestion_attempts").await;
    assert!(!message.get::<_, &str>(0).contains("secret"), "{expected}");
}

/// Text that does not compress.
fn noise(num_words: u64) -> String {
    let word = |n: u64| format!("{:x}", (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (0..num_words).map(word).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_row_that_is_too_large_for_an_index_fails_alone() {
    let ddl = "create table public.items (reference_id uuid primary key, title text, body text); \
         create index on public.items (body)";
    let shop = shop(ddl, &json!({"title": "bad", "body": noise(1000)})).await;
    expect_one(&shop, "permanent limit_exceeded 54000").await;
}

#[tokio::test]
async fn a_row_whose_tsvector_is_too_large_fails_alone() {
    let ddl = "create table public.items (reference_id uuid primary key, title text, body text, \
         words tsvector generated always as (to_tsvector('simple', coalesce(body, ''))) stored)";
    let shop = shop(ddl, &json!({"title": "bad", "body": noise(80_000)})).await;
    expect_one(&shop, "permanent limit_exceeded 54000").await;
}

#[tokio::test]
async fn a_row_fails_alone_whatever_its_trigger_raises() {
    for (sqlstate, expected) in [
        ("40001", "transient write_interrupted"),
        ("40P01", "transient write_interrupted"),
        ("57014", "transient write_interrupted"),
        ("57P01", "transient write_interrupted"),
        ("55P03", "transient write_interrupted"),
        ("53100", "transient write_interrupted"),
        ("XX000", "transient write_interrupted"),
        ("08006", "transient write_interrupted"),
        ("42501", "permanent write_refused"),
        ("P0002", "permanent constraint_violated"),
    ] {
        let ddl = trigger("new.title = 'bad'", &raise(sqlstate));
        let shop = shop(&ddl, &json!({"title": "bad"})).await;
        expect_one(&shop, &format!("{expected} {sqlstate}")).await;
    }
}

#[tokio::test]
async fn a_slow_row_fails_alone() {
    let mut shop = shop(&trigger("new.title = 'bad'", "perform pg_sleep(5)"), &json!({"title": "bad"})).await;
    let limits = Limits { statement_timeout: Duration::from_millis(500), ..Limits::default() };
    let options = OpenOptions { limits: Some(limits), ..OpenOptions::default() };
    shop.database = Database::open(shop.test.direct_target(), options).await.unwrap();
    expect_one(&shop, "transient write_interrupted 57014").await;
}

#[tokio::test]
async fn a_bad_row_by_itself_is_retried_until_its_attempts_are_exhausted() {
    let shop = shop(&trigger("new.title = 'bad'", &raise("XX000")), &json!({"title": "bad"})).await;
    shop.drain().await;
    for _ in 1..10 {
        shop.client
            .batch_execute("update forebay.ingestion_handoffs set not_before = now() - interval '1 s'")
            .await
            .unwrap();
        shop.drain().await;
    }
    assert_eq!(attempts(&shop).await.len(), 10);
    assert_eq!(shop.states().await, ["failed 1", "succeeded 20"]);
}

#[tokio::test]
async fn an_error_of_all_rows_is_the_pipelines_and_costs_no_attempt() {
    for sqlstate in ["42501", "53100", "57014", "40001", "XX000"] {
        let shop = shop(&trigger("true", &raise(sqlstate)), &json!({"title": "bad"})).await;
        let report = shop.drain().await;
        assert!(report.error.is_some(), "{sqlstate}");
        assert!(attempts(&shop).await.is_empty(), "{sqlstate}");
        assert_eq!(shop.states().await, ["pending 21"], "{sqlstate}");
        shop.client.batch_execute("drop trigger refuse on public.items").await.unwrap();
        assert_eq!(shop.drain().await.num_succeeded, 21);
    }
    // Data is refused row by row.
    let shop = shop(&trigger("true", &raise("P0001")), &json!({"title": "bad"})).await;
    assert_eq!(shop.drain().await.num_failed, 21);
}

#[tokio::test]
async fn a_table_that_cannot_be_written_costs_no_attempt_even_of_a_single_row() {
    let mut shop = Shop::open().await;
    shop.client.batch_execute(&trigger("false", "null")).await.unwrap();
    shop.only_table(items()).await;
    // A trigger for each statement, as a stand-in for a permission that was revoked.
    shop.client
        .batch_execute(
            "create function public.halt() returns trigger language plpgsql as $$ begin \
                 raise exception 'no' using errcode = '42501'; end $$; \
             create trigger halt before insert on public.items for each statement execute function public.halt()",
        )
        .await
        .unwrap();
    shop.put("a", &json!({"title": "A"})).await;
    assert!(shop.drain().await.error.is_some());
    assert!(attempts(&shop).await.is_empty());
    assert_eq!(shop.states().await, ["pending 1"]);
}

#[tokio::test]
async fn a_cancelled_statement_costs_no_attempt() {
    // The sequence counts although the statement is undone: only the first insertion is cancelled.
    let ddl = format!(
        "create sequence public.tries; {}",
        trigger("nextval('public.tries') = 1", "perform pg_cancel_backend(pg_backend_pid()), pg_sleep(5)")
    );
    let mut shop = Shop::open().await;
    shop.client.batch_execute(&ddl).await.unwrap();
    shop.only_table(items()).await;
    shop.put("a", &json!({"title": "A"})).await;
    let report = shop.drain().await;
    assert_eq!((report.num_succeeded, report.error.is_none()), (1, true));
    assert!(attempts(&shop).await.is_empty());
    assert_eq!(shop.row("select last_value from public.tries").await.get::<_, i64>(0), 2);
}

#[tokio::test]
async fn bad_rows_that_are_alone_in_the_queue_do_not_stop_their_pipeline() {
    let mut shop = Shop::open().await;
    shop.client.batch_execute(&trigger("true", &raise("42501"))).await.unwrap();
    shop.only_table(items()).await;
    shop.put_all(&[("a", json!({"title": "a"})), ("b", json!({"title": "b"}))]).await;
    let report = shop.drain().await;
    assert!(report.error.is_none(), "{:?}", report.error);
    assert_eq!(attempts(&shop).await, ["a permanent write_refused 42501", "b permanent write_refused 42501"]);
}

#[tokio::test]
async fn many_slow_rows_end_the_batch_before_all_are_tried() {
    const NUM_ROWS: u32 = 80;

    let mut shop = Shop::open().await;
    shop.client.batch_execute(&trigger("new.title < '40'", "perform pg_sleep(5)")).await.unwrap();
    shop.only_table(items()).await;
    let keys: Vec<String> = (0..NUM_ROWS).map(|n| format!("{n:02}")).collect();
    shop.put_all(&keys.iter().map(|key| (key.as_str(), json!({"title": key}))).collect::<Vec<_>>()).await;
    let limits = Limits { statement_timeout: Duration::from_millis(200), ..Limits::default() };
    let opened = OpenOptions { limits: Some(limits), ..OpenOptions::default() };
    let database = Database::open(shop.test.direct_target(), opened).await.unwrap();
    let seen = std::sync::Mutex::new(Vec::new());
    let note = |progress: forebay_engine::work::Progress<'_>| {
        if let forebay_engine::work::Progress::Batch(report) = progress {
            seen.lock().unwrap().push(report.num_claimed);
        }
    };
    let options = shop.options().await;
    forebay_engine::work::drain(&database, &options, &note).await.unwrap();
    let first = seen.lock().unwrap()[0];
    assert!((1..u64::from(NUM_ROWS)).contains(&first), "{first} of {NUM_ROWS} were tried");
    let mut tried = attempts(&shop).await;
    tried.dedup();
    assert!(!tried.is_empty());
    assert!(tried.iter().all(|attempt| attempt.ends_with("transient write_interrupted 57014")), "{tried:?}");
}
