//! What a scrape says while it goes, and how it ends, line by line in `scrape_logs`.
//!
//! A [`RunLog`] is opened when the run begins, because only then there is a run to write beside; what is said before is
//! dropped. Saying something costs no round trip: lines go to a [`LogSink`], and a task of their own writes them in
//! batches. URLs are told without their secrets, and what is in records never.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use forebay_domain::{
    breaker::{BreakerState, BreakerTransition},
    drift::{Drift, DriftChange, JsonType, TypeSet},
    run::RunStatus,
};
use forebay_sources::{
    crawl::{Crawled, PageOutcome},
    fetch::redact_url,
    kinds::command::{LogLevel, LogTaker},
};
use forebay_store::connect::Database;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    error::{Error, Result},
    logs::{self, Level, LogSink, LogsWritten},
    persist::RunReport,
};

/// How long the end of a scrape waits for its last lines to be written.
const PATIENCE: Duration = Duration::from_secs(10);

/// The key in the metadata of the last line of a run, for whoever follows its log.
pub const ENDED: &str = "ended";

/// Where a scrape says things.
#[derive(Debug)]
pub(super) struct RunLog {
    min_level: Level,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    run_id: i64,
    sink: LogSink,
    writer: JoinHandle<LogsWritten>,
}

impl RunLog {
    /// One that keeps what matters at least so much.
    pub(super) fn new(min_level: Level) -> Arc<Self> {
        Arc::new(Self { min_level, open: Mutex::default() })
    }

    /// Opens it for a run, and tells what that is about to read.
    pub(super) fn open(&self, database: &Arc<Database>, run_id: i64, engine: &str, input: &str) {
        let (sink, writer) = logs::channel(run_id, self.min_level);
        let database = Arc::clone(database);
        let writer = tokio::spawn(async move { writer.run(&database).await });
        sink.log(Level::Info, format!("begins: {input}"), json!({ "engine": engine, "input": input }));
        *self.lock() = Some(Open { run_id, sink, writer });
    }

    /// The run that it is opened for.
    pub(super) fn run_id(&self) -> Option<i64> {
        self.lock().as_ref().map(|open| open.run_id)
    }

    /// Where to say things, if it is open.
    pub(super) fn sink(&self) -> Option<LogSink> {
        self.lock().as_ref().map(|open| open.sink.clone())
    }

    /// Tells that the source's breaker came into another state.
    pub(super) fn transition(&self, transition: Option<BreakerTransition>) {
        let (Some(sink), Some(BreakerTransition { from, to, reason, .. })) = (self.sink(), transition) else {
            return;
        };
        let level = if to == BreakerState::Closed { Level::Info } else { Level::Warn };
        let message = format!("the breaker went from {from} to {to}: {reason}");
        let metadata = json!({
            "from_state": from.as_str(), "to_state": to.as_str(), "reason_code": reason.as_str(),
        });
        sink.log(level, message, metadata);
    }

    /// Tells how the run ended. Nothing is said after it.
    pub(super) fn end(&self, result: &Result<RunReport>) {
        let Some(sink) = self.sink() else { return };
        match result {
            Ok(report) => ended(&sink, report),
            Err(error) => {
                let status = match error {
                    Error::Interrupted => RunStatus::Aborted,
                    _ => RunStatus::Failed,
                };
                let metadata = json!({ ENDED: true, "status": status.as_str(), "code": error.code() });
                sink.log(Level::Error, format!("{}: {error}", status.as_str()), metadata);
            }
        }
    }

    /// Waits until all lines are written, as long as that is worth it.
    pub(super) async fn close(&self) {
        let Some(Open { sink, writer, .. }) = self.lock().take() else { return };
        drop(sink);
        // Lines that are still not written by then are written by the task, or lost with the process.
        let _in_time = tokio::time::timeout(PATIENCE, writer).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what becomes of each page.
pub(super) fn page(sink: &LogSink, crawled: &Crawled) {
    let level = match &crawled.outcome {
        PageOutcome::Read { .. } | PageOutcome::Unchanged { .. } => Level::Debug,
        PageOutcome::Gone { .. } => Level::Info,
        PageOutcome::Failed { .. } => Level::Warn,
    };
    // Making a line costs more than leaving it out, and most lines of pages are left out.
    if !sink.keeps(level) {
        return;
    }
    let url = redact_url(&crawled.link.url);
    let (message, metadata) = match &crawled.outcome {
        PageOutcome::Read { harvest, .. } => {
            let (num_records, num_links) = (harvest.block.records.len(), harvest.links.len());
            let metadata = json!({
                "url": url, "num_records": num_records, "num_rejected": harvest.block.rejected.len(),
                "num_links": num_links, "num_refused_links": harvest.num_refused_links,
                "num_cancelled": harvest.num_cancelled,
            });
            (format!("read {url}: {num_records} records, {num_links} links"), metadata)
        }
        PageOutcome::Unchanged { known } => {
            let (num_records, num_links) = (known.reference_ids.len(), known.links.len());
            let metadata = json!({ "url": url, "num_records": num_records, "num_links": num_links, "is_unchanged": true });
            (format!("unchanged {url}: {num_records} records, {num_links} links"), metadata)
        }
        PageOutcome::Gone { status } => {
            (format!("gone {url}: the server answers {status}"), json!({ "url": url, "status": status }))
        }
        PageOutcome::Failed { error } => {
            (format!("failed {url}: {error}"), json!({ "url": url, "code": error.code() }))
        }
    };
    sink.log(level, message, metadata);
}

/// Takes what a program says on its standard error.
pub(super) fn program(sink: Option<LogSink>) -> LogTaker {
    Box::new(move |line| {
        let Some(sink) = &sink else { return };
        let level = match line.level {
            LogLevel::Debug => Level::Debug,
            LogLevel::Info => Level::Info,
            LogLevel::Warning => Level::Warn,
            LogLevel::Error => Level::Error,
        };
        sink.log(level, line.message, json!({ "stream": "stderr" }));
    })
}

fn ended(sink: &LogSink, report: &RunReport) {
    for drift in &report.drift {
        let metadata = json!({
            "field_name": drift.field_name, "change": drift.change.as_str(),
            "old_types": words(drift.old_types), "new_types": words(drift.new_types),
        });
        sink.log(Level::Warn, told(drift), metadata);
    }
    if report.num_refused_links > 0 {
        let message = format!(
            "{} links were not followed: they lead to hosts that the source does not allow, or to no page",
            report.num_refused_links
        );
        sink.log(Level::Info, message, json!({ "num_refused_links": report.num_refused_links }));
    }
    for warning in &report.warnings {
        sink.log(Level::Warn, warning.as_str(), json!({}));
    }
    let level = match report.status {
        RunStatus::Complete | RunStatus::Running => Level::Info,
        RunStatus::Partial | RunStatus::Held => Level::Warn,
        RunStatus::Failed | RunStatus::Aborted => Level::Error,
    };
    let why: String = report.messages.iter().flat_map(|message| [": ", message.as_str()]).collect();
    let metadata = json!({
        ENDED: true, "status": report.status.as_str(), "reason_code": report.reason_code,
        "num_seen": report.counts.num_seen, "num_pages": report.num_pages,
        "num_requests": report.fetched.num_requests, "num_not_modified": report.fetched.num_not_modified,
        "bytes_received": report.fetched.num_wire_bytes, "num_retries": report.fetched.num_retries,
    });
    sink.log(level, format!("ended as {}{why}", report.status.as_str()), metadata);
}

/// A drift as a sentence.
fn told(drift: &Drift) -> String {
    let types = |set: TypeSet| {
        let words = words(set);
        if words.is_empty() { "unknown type".to_owned() } else { words.join(" or ") }
    };
    let name = &drift.field_name;
    match drift.change {
        DriftChange::New => format!("the field {name} is new ({})", types(drift.new_types)),
        DriftChange::Lost => format!("the field {name} has no value any more"),
        DriftChange::Retyped => {
            format!("the field {name} was {} and is {}", types(drift.old_types), types(drift.new_types))
        }
    }
}

fn words(types: TypeSet) -> Vec<&'static str> {
    types.iter().map(JsonType::as_str).collect()
}
