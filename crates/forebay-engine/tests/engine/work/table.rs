//! The table handler: rows follow references exactly, and one invalid value fails one hand-off.

use serde_json::{Value, json};

use super::Shop;

fn items() -> Value {
    json!({"table": "public.items", "columns": {
        "title": "title",
        "seats": {"field": "/places/seats", "type": "int"},
        "tags": {"field": "tags", "type": "text[]"},
        "raw": {"field": "raw", "type": "jsonb"},
    }})
}

async fn rows(shop: &Shop) -> Vec<String> {
    shop.column(
        "select concat_ws('|', title, seats, array_to_string(tags, '+'), raw) from public.items order by title",
    )
    .await
}

#[tokio::test]
async fn rows_follow_their_references() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.put_all(&[
        ("a", json!({"title": "A", "places": {"seats": 12}, "tags": ["x", "y z"], "raw": {"k": [1]}})),
        ("b", json!({"title": "B", "places": {"seats": "7"}, "tags": [], "raw": null})),
        ("c", json!({"title": "C"})),
    ])
    .await;
    let report = shop.drain().await;
    assert_eq!((report.num_claimed, report.num_succeeded, report.num_failed), (3, 3, 0));
    assert_eq!(rows(&shop).await, ["A|12|x+y z|{\"k\": [1]}", "B|7|", "C"]);

    shop.put("a", &json!({"title": "A2", "places": {"seats": 13}})).await;
    shop.remove("b").await;
    assert_eq!(shop.drain().await.num_succeeded, 2);
    assert_eq!(rows(&shop).await, ["A2|13", "C"]);
    assert_eq!(shop.states().await, ["succeeded 4"]);
    assert_eq!(shop.drain().await.num_claimed, 0);
}

#[tokio::test]
async fn one_invalid_value_fails_only_its_own_hand_off() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    let keys: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
    let seats = |key: &str| if key == "13" || key == "31" { json!("secret!") } else { json!(5) };
    let records: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), json!({"title": key, "places": {"seats": seats(key)}})))
        .collect();
    shop.put_all(&records).await;
    let report = shop.drain().await;
    assert_eq!((report.num_succeeded, report.num_failed), (38, 2));
    assert_eq!(shop.states().await, ["failed 2", "succeeded 38"]);
    let row = shop
        .row("select failure_class, reason_code, message, count(*) from forebay.ingestion_attempts group by 1, 2, 3")
        .await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("permanent", "value_rejected"));
    let message: &str = row.get(2);
    assert!(message.contains("the column seats of type integer"), "{message}");
    assert!(!message.contains("secret"), "{message}");
    assert_eq!(row.get::<_, i64>(3), 2);
    // After a correction it succeeds.
    shop.put("13", &json!({"title": "13", "places": {"seats": 1}})).await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    assert_eq!(rows(&shop).await.len(), 39);
}

#[tokio::test]
async fn an_existing_table_is_used_unchanged() {
    let mut shop = Shop::open().await;
    shop.client
        .batch_execute(
            "create schema \"My Shop\"; create table \"My Shop\".\"order\" (id serial primary key, \
             reference_id uuid unique not null, \"select\" varchar(3), day date not null, removed_at timestamptz)",
        )
        .await
        .unwrap();
    let config =
        json!({"table": "My Shop.order", "removed": "mark", "columns": {"select": "name", "day": "day"}});
    shop.only_table(config).await;
    shop.put_all(&[
        ("good", json!({"name": "abc", "day": "2026-02-28"})),
        ("long", json!({"name": "abcd", "day": "2026-02-28"})),
        ("date", json!({"name": "abc", "day": "2026-02-30"})),
        ("null", json!({"name": "abc"})),
    ])
    .await;
    let report = shop.drain().await;
    assert_eq!((report.num_succeeded, report.num_failed), (1, 3));
    let messages = shop
        .column(
            "select r.record_key || ': ' || h.last_error from forebay.handoffs as h \
             join forebay.\"references\" as r using (reference_id) where h.state = 'failed' order by 1",
        )
        .await;
    assert_eq!(
        messages,
        [
            "date: the column day of type date cannot store its value (SQLSTATE 22008)",
            "long: a column cannot store its value (SQLSTATE 22001)",
            "null: the column day must not be null (SQLSTATE 23502)",
        ]
    );
    shop.remove("good").await;
    shop.drain().await;
    let marked = "select (removed_at is not null)::text from \"My Shop\".\"order\"";
    assert_eq!(shop.column(marked).await, ["true"]);
    shop.put("good", &json!({"name": "abc", "day": "2026-02-28"})).await;
    shop.drain().await;
    assert_eq!(shop.column(marked).await, ["false"]);
}

#[tokio::test]
async fn an_unusable_table_stops_the_pipeline_and_loses_nothing() {
    let mut shop = Shop::open().await;
    shop.client.batch_execute("create table public.items (title text)").await.unwrap();
    shop.only_table(items()).await;
    shop.put("a", &json!({"title": "A"})).await;
    let report = shop.drain().await;
    assert_eq!(report.error.as_ref().unwrap().code(), "table_unusable");
    assert_eq!(shop.states().await, ["pending 1"]);
    shop.client.batch_execute("drop table public.items").await.unwrap();
    assert_eq!(shop.drain().await.num_succeeded, 1);
}

#[tokio::test]
async fn effect_and_settlement_are_atomic() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.put("a", &json!({"title": "A"})).await;
    // The worker's connection is closed after it has written the row and before it settles the hand-off.
    shop.client
        .batch_execute(
            "create function public.cut() returns trigger language plpgsql as $$ begin \
                 perform pg_terminate_backend(pg_backend_pid()); return new; end $$; \
             create trigger cut before insert on forebay.ingestion_outcomes for each row \
                 when (new.state = 'succeeded') execute function public.cut()",
        )
        .await
        .unwrap();
    let options = shop.options().await;
    let error = forebay_engine::work::drain(&shop.database, &options, &|_| {}).await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(rows(&shop).await.is_empty());
    assert_eq!(shop.states().await, ["pending 1"]);
    shop.client.batch_execute("drop trigger cut on forebay.ingestion_outcomes").await.unwrap();
    // Another process, because this one's pool may not know yet that its connection is dead.
    shop.database = shop.test.open().await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    assert_eq!(rows(&shop).await, ["A"]);
}

#[tokio::test]
async fn concurrent_workers_process_each_hand_off_once() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    let keys: Vec<String> = (0..600).map(|n| format!("{n:03}")).collect();
    let records: Vec<_> = keys.iter().map(|key| (key.as_str(), json!({"title": key}))).collect();
    shop.put_all(&records).await;
    let options = forebay_engine::work::WorkOptions { batch: 20, ..shop.options().await };
    let drain = || forebay_engine::work::drain(&shop.database, &options, &|_| {});
    let (a, b, c) = tokio::join!(drain(), drain(), drain());
    let claimed =
        [a, b, c].map(|report| report.unwrap().pipelines.iter().map(|p| p.num_claimed).sum::<u64>());
    assert_eq!(claimed.iter().sum::<u64>(), 600);
    assert_eq!(shop.states().await, ["succeeded 600"]);
    assert_eq!(rows(&shop).await.len(), 600);
}
