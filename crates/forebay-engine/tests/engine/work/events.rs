//! The tracing events of workers: each batch has one span, and each attempt at a hand-off has one span in it.

use std::{fs, net::TcpListener, time::Duration};

use forebay_engine::work::{self, PipelineSpec, WorkOptions};
use serde_json::{Value, json};
use tracing::Level;

use super::{
    SOURCE, Shop, pipeline_id,
    slots::{options, work_during},
    subscriber as takes,
    supervisor::SAYS_DONE,
};
use crate::{persist::events::Events, wait::eventually};

/// The events with a message that begins like this: the names of their spans, the outermost first, and the event.
fn with<'a>(emitted: &'a [Value], message: &str) -> Vec<(Vec<&'a str>, &'a Value)> {
    let of = |event: &'a Value| {
        let spans = event["spans"].as_array().into_iter().flatten();
        (spans.map(|span| span["name"].as_str().unwrap()).collect(), event)
    };
    let is_wanted =
        |event: &&Value| event["fields"]["message"].as_str().is_some_and(|told| told.starts_with(message));
    emitted.iter().filter(is_wanted).map(of).collect()
}

/// On one thread, because the subscriber is bound to it.
#[tokio::test(flavor = "current_thread")]
async fn both_kinds_of_handlers_emit_claims_and_hand_offs_in_the_same_way() {
    let (events, _guard) = Events::collect(Level::DEBUG);
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hook = json!({"url": format!("http://{refused}/hidden")});
    let table = json!({"table": "public.items", "columns": {"n": {"field": "n", "type": "int"}}});
    for (name, handler, config) in [("hook", "webhook", hook), ("rows", "table", table)] {
        let mut shop = Shop::open().await;
        // No retry is due before the drain ends.
        let retry = json!({"transient": {"base_delay_seconds": 86400, "max_delay_seconds": 86400}});
        let spec = PipelineSpec { retry, ..PipelineSpec::new(name, handler, config).of_source("shop") };
        work::declare(&shop.database, &[spec]).await.unwrap();
        shop.subscribers = vec![takes(pipeline_id(&shop.client, name).await)];
        shop.put_all(&[("a", json!({"n": "private"})), ("b", json!({"n": 2}))]).await;
        events.take();
        let report = shop.drain().await;
        let emitted = events.take();
        assert!(!format!("{emitted:?}").contains("private"), "{emitted:?}");

        let claimed = with(&emitted, "claimed");
        assert_eq!(claimed.len(), 1, "{name}: {emitted:?}");
        assert_eq!(claimed[0].0, ["claim"], "{name}");
        let claim = &claimed[0].1["span"];
        assert_eq!((&claim["pipeline"], &claim["num_handoffs"]), (&json!(name), &json!(2)));

        let failed = with(&emitted, "delivery failed");
        assert_eq!(failed.len() as u64, report.num_failed + report.num_retried, "{name}: {emitted:?}");
        let delivered = with(&emitted, "delivered");
        assert_eq!(delivered.len() as u64, report.num_succeeded, "{name}: {emitted:?}");
        for (spans, event) in failed.iter().chain(&delivered) {
            assert_eq!(spans, &["claim", "handoff"], "{name}: {event}");
            assert_eq!(event["span"]["attempt"], 1, "{name}: {event}");
        }
        assert!(failed.iter().all(|(_, event)| event["fields"]["failure_code"].is_string()), "{emitted:?}");
        // The operator's line, with the reason.
        let reported = with(&emitted, "deliveries failed");
        assert_eq!(reported.len(), 1, "{name}: {emitted:?}");
        assert_eq!(reported[0].0, ["claim"], "{name}");
        assert_eq!(with(&emitted, "batch ended").len(), 1, "{name}: {emitted:?}");
    }
}

/// The report of a failure is slow, so a heartbeat comes between the report of a success and its answer.
#[tokio::test(flavor = "current_thread")]
async fn a_claim_that_was_just_reported_does_not_count_as_lost() {
    let (events, _guard) = Events::collect(Level::WARN);
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let script = format!(
        "read -r line; echo >> {path}/begun; until [ -e {path}/go ]; do sleep 0.02; done
         case $line in *'\"record_key\":\"a\"'*) echo \"$line\" | {SAYS_DONE};; *) exit 1;; esac"
    );
    let config = json!({"command": ["sh", "-c", script], "batch": 1, "concurrency": 2});
    let spec = work::PipelineSpec::new("commands", "exec", config).of_source(SOURCE);
    work::declare(&shop.database, &[spec]).await.unwrap();
    shop.subscribers = vec![takes(pipeline_id(&shop.client, "commands").await)];
    shop.client
        .batch_execute(
            "create function public.slowly() returns trigger language plpgsql as \
                 $$ begin perform pg_sleep(1); return null; end $$; \
             create trigger slowly before delete on forebay.ingestion_handoffs \
                 for each statement execute function public.slowly()",
        )
        .await
        .unwrap();
    let begun = || fs::read_to_string(folder.path().join("begun")).unwrap_or_default().lines().count();
    let during = async {
        // Each under a claim of its own.
        for (number, key) in [(1, "a"), (2, "b")] {
            shop.put(key, &json!({"id": key})).await;
            eventually("the command begins", async || begun() == number).await;
        }
        fs::write(folder.path().join("go"), "").unwrap();
        eventually("both are reported", async || shop.states().await == ["retrying 1", "succeeded 1"]).await;
    };
    let options = WorkOptions { lease: Duration::from_millis(900), ..options(&shop).await };
    work_during(&shop.database, &options, during).await;
    let emitted = events.take();
    assert_eq!(with(&emitted, "deliveries failed").len(), 1, "{emitted:?}");
    assert!(with(&emitted, "lost the lease").is_empty(), "{emitted:?}");
}
