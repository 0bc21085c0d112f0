//! The stream of changes when runs end out of order, and the plans of its statements.

use forebay_store::{
    sources::{self, change},
    testing::{self, TestDatabase},
    timeline::{STREAM, StreamCursor, StreamFilter, stream},
};
use tokio_postgres::Client;

/// A run that has added one reference with this key and is still running.
async fn run(client: &Client, key: &str) -> i64 {
    let statement = format!(
        "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{{id}}')
            on conflict do nothing;
        insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at,
                num_added)
            select source_id, 'part={key}', 'running', true, true, 'test', '-', '2026-03-20', 1 from forebay.sources;
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id('s', '{key}'), '2026-01-01', '2026-03-15', '2026-03-15', r.run_id, r.run_id,
                r.source_id, 1, sha256('{key}'), 'record', r.scope, '{key}', '{{}}'
            from forebay.scrape_runs as r where r.scope = 'part={key}'"
    );
    client.batch_execute(&statement).await.unwrap();
    let row = client.query_one("select max(run_id) from forebay.scrape_runs", &[]).await.unwrap();
    row.get(0)
}

async fn end(client: &Client, run_id: i64) {
    set_status(client, run_id, "complete").await;
}

async fn set_status(client: &Client, run_id: i64, status: &str) {
    let statement = format!(
        "update forebay.scrape_runs set status = '{status}', ended_at = now() where run_id = {run_id}"
    );
    client.batch_execute(&statement).await.unwrap();
}

async fn read(database: &TestDatabase, from: StreamCursor) -> (Vec<String>, StreamCursor) {
    let mut client = database.client().await;
    let transaction = client.transaction().await.unwrap();
    let page = stream(&transaction, &StreamFilter::default(), from, 10).await.unwrap();
    assert!(page.is_last);
    (page.items.into_iter().map(|(_, change)| change.record_key).collect(), page.next)
}

#[tokio::test]
async fn a_run_that_commits_late_comes_late() {
    let database = testing::database().await;
    let (slow, quick) = (database.client().await, database.client().await);
    let (first, second) = (run(&slow, "first").await, run(&quick, "second").await);
    // The first run ends first, but its transaction commits last.
    slow.batch_execute("begin").await.unwrap();
    end(&slow, first).await;
    end(&quick, second).await;
    let (found, cursor) = read(&database, StreamCursor::START).await;
    assert_eq!(found, ["second"]);
    slow.batch_execute("commit").await.unwrap();
    let (found, cursor) = read(&database, cursor).await;
    assert_eq!(found, ["first"], "a reader that has seen the second run gets the first one");
    assert_eq!(read(&database, cursor).await.0, [] as [&str; 0]);
    assert_eq!(read(&database, StreamCursor::START).await.0.len(), 2);
}

#[tokio::test]
async fn a_run_that_is_not_over_or_changed_nothing_is_not_in_the_stream() {
    let database = testing::database().await;
    let client = database.client().await;
    let first = run(&client, "first").await;
    assert_eq!(read(&database, StreamCursor::START).await.0, [] as [&str; 0]);
    set_status(&client, first, "failed").await;
    assert_eq!(read(&database, StreamCursor::START).await.0, ["first"], "what it had applied is stored");
    let held = run(&client, "held").await;
    client
        .batch_execute("update forebay.scrape_runs set num_added = 0 where scope = 'part=held'")
        .await
        .unwrap();
    set_status(&client, held, "held").await;
    let empty = run(&client, "empty").await;
    client
        .batch_execute("update forebay.scrape_runs set num_added = 0 where scope = 'part=empty'")
        .await
        .unwrap();
    end(&client, empty).await;
    let ends = client.query_one("select array_agg(run_id) from forebay.run_ends", &[]).await.unwrap();
    assert_eq!(ends.get::<_, Vec<i64>>(0), [first]);
}

#[tokio::test]
async fn readers_go_on_after_the_newest_source_was_deleted() {
    let database = testing::database().await;
    let client = database.client().await;
    for key in ["first", "second"] {
        let run_id = run(&client, key).await;
        end(&client, run_id).await;
    }
    let (_, cursor) = read(&database, StreamCursor::START).await;
    let source = sources::find(&client, "s").await.unwrap().unwrap();
    change::delete(&client, &source).await.unwrap();
    assert!(!cursor.is_ahead(&client).await.unwrap());
    assert_eq!(read(&database, cursor).await.0, [] as [&str; 0]);
    assert_eq!(read(&database, StreamCursor::START).await.0, [] as [&str; 0]);
    let ends = client.query_one("select count(*) from forebay.run_ends", &[]).await.unwrap();
    assert_eq!(ends.get::<_, i64>(0), 1, "of the source's ends, only the newest stays");
    let third = run(&client, "third").await;
    end(&client, third).await;
    assert_eq!(read(&database, cursor).await.0, ["third"]);
}

#[tokio::test]
async fn additions_are_found_by_their_index() {
    let database = testing::database().await;
    let client = database.client().await;
    let run_id = run(&client, "one").await;
    end(&client, run_id).await;
    let others = "insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at,
            first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id('s', n::text), now(), now(), now(), 100 + n / 100, 100 + n / 100, source_id, 1,
            sha256(n::text::bytea), 'record', '', n::text, '{}'
        from forebay.sources, generate_series(1, 50000) as n";
    client.batch_execute(others).await.unwrap();
    // Updated rows move, so a run's additions don't stay on adjacent pages.
    let update =
        "update forebay.\"references\" set payload = '{\"n\": 1}' where get_byte(version_hash, 0) < 128";
    client.batch_execute(update).await.unwrap();
    client.batch_execute("vacuum analyze forebay.\"references\"").await.unwrap();
    client.batch_execute("set enable_seqscan = off; set enable_hashjoin = off").await.unwrap();
    let statement = STREAM
        .replace("$1", "0")
        .replace("$2", "'00000000-0000-0000-0000-000000000000'::uuid")
        .replace("$3", "null")
        .replace("$4", "null")
        .replace("$5", "100");
    let explain = format!("explain (analyze, buffers, costs off, timing off, summary off) {statement}");
    let rows = client.query(&explain, &[]).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let plan = lines.join("\n");
    assert!(plan.contains("references_by_first_run"), "{plan}");
    // The first buffers are those of the whole statement; the table has more than a thousand.
    let buffers = lines.iter().find(|line| line.contains("Buffers: shared")).unwrap();
    let read: u64 = buffers.split([' ', '=']).filter_map(|part| part.parse::<u64>().ok()).sum();
    assert!(read < 30, "{read} buffers:\n{plan}");
}
