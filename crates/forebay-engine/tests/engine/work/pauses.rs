//! Pauses: receivers ask for them, operators make and lift them, and they end.

use std::time::Duration;

use forebay_engine::{
    clock,
    work::{self, LimitKey, Limits, PipelineSpec},
};
use forebay_store::{
    Result,
    handoffs::Subscriber,
    jobs,
    pauses::{self, Pause, UNTIL_RESUMED},
};
use serde_json::{Value, json};
use tokio_postgres::{Client, types::Type};

use super::{SOURCE, Shop, pipeline_id, subscriber};

const LEASE: Duration = Duration::from_mins(1);

async fn external(limits: Limits) -> Shop {
    let shop = Shop::open().await;
    let has_key_limits = limits.key.is_some();
    let spec =
        PipelineSpec { limits, ..PipelineSpec::new("workers", "external", json!({})).of_source(SOURCE) };
    work::declare(&shop.database, &[spec]).await.unwrap();
    let subscriber = subscriber(pipeline_id(&shop.client, "workers").await);
    let subscribers = vec![Subscriber { has_key_limits, ..subscriber }];
    Shop { subscribers, ..shop }
}

fn by_host() -> Limits {
    Limits {
        key: Some(LimitKey { path: vec!["host".to_owned()], is_url: false }),
        key_max_active: Some(5),
        ..Limits::default()
    }
}

async fn resume(client: &Client, pipeline_id: i32, key: Option<&str>) -> Result<Vec<Pause>> {
    let lifted = pauses::lift(client, pipeline_id, key).await?;
    pauses::make_due(client, pipeline_id, &lifted).await?;
    Ok(lifted)
}

async fn num_claimed(shop: &Shop) -> usize {
    jobs::claim(&shop.client, "workers", 10, LEASE, "a test", None).await.unwrap().len()
}

/// Reports that the receiver asked for a delay, as an external worker does.
async fn throttle(shop: &Shop, seconds: u32) {
    let claimed = jobs::claim(&shop.client, "workers", 1, LEASE, "a test", None).await.unwrap();
    let failures = json!([{"reference_id": claimed[0].reference_id.to_string(),
        "receipt": claimed[0].receipt.to_string(), "class": "throttled", "retry_after_seconds": seconds}]);
    let statement = "select verdict from forebay.fail_jobs('workers', $1)";
    let rows = shop.client.query_typed(statement, &[(&failures, Type::JSONB)]).await.unwrap();
    assert_eq!(rows[0].get::<_, &str>(0), "retrying");
}

async fn only_pause(shop: &Shop) -> Pause {
    let mut found = pauses::list(&shop.client, Some("workers")).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[tokio::test]
async fn a_receiver_cannot_pause_for_longer_than_the_pipeline_allows() {
    for (max_pause, asked, expected) in [(None, 18_000, 3600), (Some(60.0), 18_000, 60), (None, 600, 600)] {
        let shop = external(Limits { max_pause_seconds: max_pause, ..Limits::default() }).await;
        shop.put("a", &json!({"n": 1})).await;
        throttle(&shop, asked).await;
        let left = only_pause(&shop).await.until.duration_since(clock::now()).as_secs();
        assert!((expected - 30..=expected).contains(&left), "{asked}: {left}");
        let waits = "select extract(epoch from not_before - now())::int8 from forebay.ingestion_handoffs";
        let waits: i64 = shop.row(waits).await.get(0);
        assert!((expected - 30..=expected).contains(&waits), "{asked}: {waits}");
    }
}

#[tokio::test]
async fn lifting_a_pause_makes_what_waited_for_it_due() {
    let shop = external(Limits::default()).await;
    shop.put_all(&[("a", json!({"n": 1})), ("b", json!({"n": 2}))]).await;
    throttle(&shop, 600).await;
    assert_eq!(num_claimed(&shop).await, 0);
    let lifted = resume(&shop.client, shop.pipeline(), None).await.unwrap();
    assert_eq!((lifted.len(), lifted[0].key.as_deref()), (1, None));
    assert_eq!(num_claimed(&shop).await, 2);
    assert!(pauses::list(&shop.client, None).await.unwrap().is_empty());
    assert!(resume(&shop.client, shop.pipeline(), None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_is_paused_and_resumed_by_itself() {
    let shop = external(by_host()).await;
    let host = |host: &str| -> Value { json!({ "host": host }) };
    shop.put_all(&[("a", host("a")), ("b", host("b")), ("later", host("a"))]).await;
    let snoozed = "update forebay.ingestion_handoffs set not_before = '9999-06-01', reason_code = 'snoozed' \
         where reference_id = forebay.reference_id('shop', 'later')";
    shop.client.batch_execute(snoozed).await.unwrap();
    pauses::pause(&shop.client, shop.pipeline(), Some("a"), UNTIL_RESUMED).await.unwrap();
    let expected = Pause { pipeline: "workers".to_owned(), key: Some("a".to_owned()), until: UNTIL_RESUMED };
    assert_eq!(only_pause(&shop).await, expected);
    let claimed = jobs::claim(&shop.client, "workers", 10, LEASE, "a test", None).await.unwrap();
    assert_eq!(claimed.iter().map(|job| job.record_key.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(resume(&shop.client, shop.pipeline(), Some("b")).await.unwrap().is_empty());
    assert_eq!(resume(&shop.client, shop.pipeline(), Some("a")).await.unwrap(), [expected]);
    let claimed = jobs::claim(&shop.client, "workers", 10, LEASE, "a test", None).await.unwrap();
    assert_eq!(claimed.iter().map(|job| job.record_key.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn work_inside_the_database_is_paused_too() {
    let mut shop = Shop::open().await;
    shop.only_table(json!({"table": "public.items", "columns": {"title": "title"}})).await;
    shop.put("a", &json!({"title": "A"})).await;
    pauses::pause(&shop.client, shop.pipeline(), None, UNTIL_RESUMED).await.unwrap();
    assert_eq!(shop.drain().await.num_claimed, 0);
    assert_eq!(shop.states().await, ["pending 1"]);
    // Shortened to a time that has passed.
    let past = clock::now() - jiff::SignedDuration::from_secs(1);
    pauses::pause(&shop.client, shop.pipeline(), None, past).await.unwrap();
    assert_eq!(shop.drain().await.num_succeeded, 1);
}
