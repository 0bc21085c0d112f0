//! Exporting payloads in key order.

use forebay_domain::canonical::canonical_text;
use forebay_store::export;
use jiff::Timestamp;

use crate::story::{FIRST, OTHER, SECOND, Story, day};

async fn exported(story: &Story, at: Option<Timestamp>) -> Vec<String> {
    let mut payloads = export::payloads(&story.client, &story.source, None, at).await.unwrap();
    let mut all = Vec::new();
    while let Some(payload) = payloads.next().await.unwrap() {
        all.push(canonical_text(payload.as_bytes()).unwrap());
    }
    all
}

#[tokio::test]
async fn current_and_past_content_is_exported() {
    let story = Story::build().await;
    assert_eq!(exported(&story, None).await, [FIRST, OTHER]);
    assert_eq!(exported(&story, Some(day(1))).await, [FIRST, OTHER]);
    assert_eq!(exported(&story, Some(day(2))).await, [SECOND, OTHER]);
    assert_eq!(exported(&story, Some(day(3))).await, [OTHER]);
    assert_eq!(exported(&story, Some(day(4))).await, [FIRST, OTHER]);
    assert!(exported(&story, Some("2025-12-31T00:00:00Z".parse().unwrap())).await.is_empty());
}

#[tokio::test]
async fn keys_are_ordered_byte_by_byte() {
    let story = Story::build().await;
    let sql = "insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at,
            first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id('courses', k), first_seen_at, changed_at, observed_at, first_seen_run_id,
            scrape_run_id, source_id, 1, version_hash, entity_type, scope, k, to_jsonb(k)
        from forebay.\"references\", unnest(array['b', 'B', 'a b', 'ab', 'é', '_']) as k
        where record_key = 'HST-101'";
    story.client.batch_execute(sql).await.unwrap();
    let expected = ["\"B\"", FIRST, OTHER, "\"_\"", "\"a b\"", "\"ab\"", "\"b\"", "\"é\""];
    assert_eq!(exported(&story, None).await, expected);
    assert_eq!(exported(&story, Some(day(4))).await, expected);
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_comes_later() {
    let story = Story::build().await;
    let database = story.database.open().await;
    let mut client = database.client().await.unwrap();
    let transaction = export::snapshot(&mut client).await.unwrap();
    let mut before = export::payloads(&*transaction, &story.source, None, None).await.unwrap();
    assert!(before.next().await.unwrap().is_some());
    drop(before);
    story.client.batch_execute("update forebay.\"references\" set removed_at = now()").await.unwrap();
    let mut after = export::payloads(&*transaction, &story.source, None, None).await.unwrap();
    assert!(after.next().await.unwrap().is_some());
    drop(after);
    drop(transaction);
    drop(client);
    database.close().await.unwrap();
}
