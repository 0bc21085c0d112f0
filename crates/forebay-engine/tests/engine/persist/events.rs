//! The tracing events of a run: its start and its end, and nothing from its records.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use forebay_engine::persist;
use serde_json::Value;
use tracing::{
    Dispatch, Level,
    subscriber::{self, DefaultGuard},
};
use tracing_subscriber::fmt::MakeWriter;

use super::{Shop, complete, guarded, lines};

/// Collects events as JSON, one per line.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<u8>>>);

impl io::Write for Events {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Events {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A second subscriber that lives as long as the process. While there is only one, `tracing` caches for the whole
/// process what the subscriber of the thread that first reaches an event wants; threads of other tests have none.
static SECOND: OnceLock<Dispatch> = OnceLock::new();

impl Events {
    /// Collects the events of this thread, at most of this level, until the guard is dropped.
    pub(crate) fn collect(level: Level) -> (Self, DefaultGuard) {
        SECOND.get_or_init(|| Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish()));
        let events = Self::default();
        let subscriber = tracing_subscriber::fmt().json().with_max_level(level).with_writer(events.clone());
        (events, subscriber::set_default(subscriber.finish()))
    }

    /// The engine's events since the last call.
    pub(crate) fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let events = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events = events.map(|line| serde_json::from_slice::<Value>(line).unwrap());
        events.filter(|event| event["target"].as_str().unwrap().starts_with("forebay_engine")).collect()
    }
}

/// On one thread, because the subscriber is bound to it.
#[tokio::test(flavor = "current_thread")]
async fn a_run_emits_its_start_and_its_end() {
    let (events, _guard) = Events::collect(Level::INFO);
    let shop = Shop::open().await;
    let records = |range: std::ops::Range<u32>| {
        lines(range.map(|id| format!("{{\"id\":\"{id}\",\"note\":\"private\"}}")))
    };
    let first = shop.persist(complete(1), &records(0..100)).await;
    let emitted = events.take();
    assert!(!format!("{emitted:?}").contains("private"));
    let said: Vec<(&str, &str)> = emitted.iter().map(said).collect();
    assert_eq!(said, [("INFO", "run started: test.jsonl"), ("INFO", "run ended as complete")]);
    for event in &emitted {
        assert_eq!(
            (&event["span"]["run_id"], &event["span"]["source"]),
            (&first.run_id.into(), &"shop".into())
        );
    }
    let fields = &emitted[1]["fields"];
    assert_eq!((&fields["num_seen"], &fields["num_added"]), (&100.into(), &100.into()));
    assert_eq!(fields["num_removed"], Value::Null, "counts of zero are left out");

    // A held run is a warning with the guard's reason, a failed one an error.
    let held = shop.persist(guarded(2), &records(0..5)).await;
    let emitted = events.take();
    let (level, message) = said_last(&emitted);
    assert_eq!(
        (level, message),
        ("WARN", format!("run ended as held: {}", held.messages.join(": ")).as_str())
    );
    persist::reject(&shop.database, held.run_id, &crate::operator()).await.unwrap();
    let emitted = events.take();
    assert_eq!(
        said_last(&emitted).1,
        "held run decided: an operator rejected it; what it withheld was dropped"
    );
    shop.persist(complete(3), "{\"note\":1}\n").await;
    let emitted = events.take();
    assert_eq!(said_last(&emitted).0, "ERROR");
}

fn said(event: &Value) -> (&str, &str) {
    (event["level"].as_str().unwrap(), event["fields"]["message"].as_str().unwrap())
}

fn said_last(events: &[Value]) -> (&str, &str) {
    said(events.last().unwrap())
}
