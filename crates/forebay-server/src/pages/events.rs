//! `GET /pages/events`: tells open pages which topics changed, as server-sent events, so they refetch a part.
//!
//! One poller serves all viewers, and only while there are any. A viewer that misses an event loses nothing: the next
//! one of the topic, or a reload, shows the same.

use std::{convert::Infallible, mem, sync::atomic::Ordering, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Sse, sse::Event},
};
use forebay_domain::access::Permission;
use forebay_store::pulse;
use forebay_views::failure::Failure;
use futures_util::stream;
use tokio::{
    sync::watch,
    time::{Instant, Interval, interval_at, sleep},
};

use super::{asked::Reader, pulse::Written};
use crate::{app::App, caller::Caller};

/// How often the poller looks.
const INTERVAL: Duration = Duration::from_secs(2);
/// A comment is sent at least this often, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A topic of pages, and the tables that belong to it.
const TOPICS: [(&str, &[&str]); 5] = [
    ("runs", &["scrape_runs"]),
    ("handoffs", &["ingestion_handoffs", "ingestion_outcomes", "ingestion_limits", "pipelines"]),
    ("sources", &["sources", "circuit_breaker_state", "source_schedules"]),
    ("freshness", &["sync_metadata"]),
    ("workers", &["workers", "ingestion_claims"]),
];

/// `GET /pages/events`
pub(super) async fn stream(State(app): State<App>, Reader(caller): Reader) -> impl IntoResponse {
    let pulse = app.pulse();
    let receiver = pulse.written.subscribe();
    if !pulse.is_polled.swap(true, Ordering::AcqRel) {
        tokio::spawn(poll(app.clone()));
    }
    let known = receiver.borrow().clone();
    let period = app.access().recheck();
    let check = interval_at(Instant::now() + period, period);
    let viewer = Viewer { app, caller, receiver, known, check };
    let events = stream::unfold(viewer, async |mut viewer| {
        let event = viewer.next().await?;
        Some((Ok::<_, Infallible>(event), viewer))
    });
    Sse::new(events).keep_alive(axum::response::sse::KeepAlive::new().interval(KEEP_ALIVE))
}

/// One who has a page open.
struct Viewer {
    app: App,
    caller: Caller,
    receiver: watch::Receiver<Written>,
    known: Written,
    /// When to check that the caller may still look.
    check: Interval,
}

impl Viewer {
    /// What to tell next; `None`: nothing more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                changed = self.receiver.changed() => break changed.ok()?,
                () = self.app.stopping().cancelled() => return None,
                _ = self.check.tick() => {
                    let (access, database) = (self.app.access(), self.app.database());
                    if !access.still(database, &self.caller, Permission::Read, None).await {
                        return None;
                    }
                }
            }
        }
        let now = self.receiver.borrow_and_update().clone();
        let topics = changed_topics(&self.known, &now);
        // The first figures are no change.
        let is_first = mem::replace(&mut self.known, now).is_empty();
        Some(if is_first || topics.is_empty() {
            Event::default().comment("ready")
        } else {
            Event::default().event("changed").data(topics.join(" "))
        })
    }
}

fn changed_topics(before: &Written, now: &Written) -> Vec<&'static str> {
    now.iter()
        .filter(|(topic, written)| before.get(*topic) != Some(written))
        .map(|(topic, _)| *topic)
        .collect()
}

/// Looks until nobody listens, or the server stops.
async fn poll(app: App) {
    let pulse = app.pulse();
    loop {
        match read(&app).await {
            Ok(written) => {
                pulse.written.send_if_modified(|known| {
                    let is_changed = *known != written;
                    *known = written;
                    is_changed
                });
            }
            // Pages say so themselves when they are read.
            Err(failure) => tracing::debug!("changes can't be read: {}", failure.full_message()),
        }
        tokio::select! {
            () = sleep(INTERVAL) => {}
            () = app.stopping().cancelled() => return,
        }
        if pulse.written.receiver_count() == 0 {
            pulse.is_polled.store(false, Ordering::Release);
            // A viewer may have come between the two.
            if pulse.written.receiver_count() == 0 || pulse.is_polled.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}

async fn read(app: &App) -> Result<Written, Failure> {
    let tables: Vec<&str> = TOPICS.iter().flat_map(|(_, tables)| *tables).copied().collect();
    let rows = pulse::num_written(&**app.client().await?, &tables).await?;
    let mut written: Written = TOPICS.iter().map(|(topic, _)| (*topic, 0)).collect();
    for (table, number) in rows {
        for (topic, _) in TOPICS.iter().filter(|(_, tables)| tables.contains(&table.as_str())) {
            *written.entry(topic).or_default() += number;
        }
    }
    Ok(written)
}
