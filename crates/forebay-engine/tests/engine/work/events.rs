//! The tracing events of workers: each batch has one span, and each attempt at a hand-off has one span in it.

use std::net::TcpListener;

use forebay_engine::work::{self, PipelineSpec};
use serde_json::{Value, json};
use tracing::Level;

use super::{Shop, pipeline_id, subscriber as takes};
use crate::persist::events::Events;

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
