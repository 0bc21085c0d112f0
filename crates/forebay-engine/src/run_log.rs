//! The log of a run: lines stored in `scrape_logs`, and emitted as tracing events.
//!
//! One call of [`LogSink::log`] does both, so nothing is logged in two places. A scrape stores its lines; a run of
//! files does not. A [`RunLog`] opens when its run begins, because a line belongs to a run. Logging costs no round
//! trip: a task writes the lines in batches. Lines contain no secrets and no values of records.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forebay_domain::{
    breaker::{BreakerState, BreakerTransition},
    drift::{Drift, DriftChange, JsonType, TypeSet},
    run::RunStatus,
};
use forebay_store::connect::Database;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time};
use tokio_util::task::TaskTracker;

use crate::{
    error::Result,
    logs::{self, Level, LogSink, LogsWritten},
    persist::report::RunReport,
};

/// How long the end of a run waits for its last lines to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The metadata key of a run's last line; a reader that follows the log stops there.
pub const ENDED: &str = "ended";

/// The log of one run.
#[derive(Debug)]
pub(crate) struct RunLog {
    source: String,
    storage: Option<Storage>,
    open: Mutex<Option<Open>>,
}

/// Where lines are stored, the minimum level, and the tracker of the tasks that write them.
#[derive(Debug)]
struct Storage {
    database: Arc<Database>,
    min_level: Level,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Open {
    run_id: i64,
    sink: LogSink,
    writer: Option<JoinHandle<LogsWritten>>,
}

impl RunLog {
    /// A log that emits events and stores nothing.
    pub(crate) fn unstored(source: &str) -> Self {
        Self { source: source.to_owned(), storage: None, open: Mutex::default() }
    }

    /// A log that stores lines of this level and above, in tasks of `tasks`.
    pub(crate) fn stored(
        source: &str,
        database: &Arc<Database>,
        min_level: Level,
        tasks: &TaskTracker,
    ) -> Self {
        let storage = Storage { database: Arc::clone(database), min_level, tasks: tasks.clone() };
        Self { storage: Some(storage), ..Self::unstored(source) }
    }

    /// Opens the log for a run, in the run's span.
    pub(crate) fn open(&self, run_id: i64, engine: &str, input: &str) {
        let (sink, writer) = match &self.storage {
            None => (LogSink::unstored(), None),
            Some(Storage { database, min_level, tasks }) => {
                let (sink, writer) = logs::channel(run_id, *min_level);
                let database = Arc::clone(database);
                (sink, Some(tasks.spawn(async move { writer.run(&database).await })))
            }
        };
        let metadata = json!({ "engine": engine, "input": input });
        sink.log(Level::Info, format!("run started: {input}"), metadata);
        *self.lock() = Some(Open { run_id, sink, writer });
    }

    /// The run that the log is open for.
    pub(crate) fn run_id(&self) -> Option<i64> {
        self.lock().as_ref().map(|open| open.run_id)
    }

    /// The sink for lines, if the log is open.
    pub(crate) fn sink(&self) -> Option<LogSink> {
        self.lock().as_ref().map(|open| open.sink.clone())
    }

    /// Logs that the source's breaker changed its state. Without a run this is only an event.
    pub(crate) fn transition(&self, transition: Option<BreakerTransition>) {
        let Some(BreakerTransition { from, to, reason, .. }) = transition else { return };
        let level = if to == BreakerState::Closed { Level::Info } else { Level::Warn };
        let message = format!("the breaker changed from {from} to {to}: {reason}");
        let metadata = json!({
            "source": self.source, "from_state": from.as_str(), "to_state": to.as_str(),
            "reason_code": reason.as_str(),
        });
        self.sink().unwrap_or_else(LogSink::unstored).log(level, message, metadata);
    }

    /// Logs how the run ended, as its last line.
    pub(crate) fn end(&self, result: &Result<RunReport>) {
        let Some(sink) = self.sink() else { return };
        match result {
            Ok(report) => say_end(&sink, report),
            Err(error) => {
                let status = error.run_status().as_str();
                let metadata = json!({ ENDED: true, "status": status, "code": error.code() });
                sink.log(Level::Error, format!("run {status}: {error}"), metadata);
            }
        }
    }

    /// Waits until all lines are written, but not longer than [`WRITE_TIMEOUT`].
    pub(crate) async fn close(&self) {
        let Some(Open { sink, writer, .. }) = self.lock().take() else { return };
        drop(sink);
        if let Some(writer) = writer {
            // After the timeout the task continues; its lines are lost if the process ends first.
            let _in_time = time::timeout(WRITE_TIMEOUT, writer).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say_end(sink: &LogSink, report: &RunReport) {
    for drift in &report.drift {
        let metadata = json!({
            "field_name": drift.field_name, "change": drift.change.as_str(),
            "old_types": words(drift.old_types), "new_types": words(drift.new_types),
        });
        sink.log(Level::Warn, drift_sentence(drift), metadata);
    }
    if report.num_refused_links > 0 {
        let message = format!(
            "{} links were not followed: they lead to hosts that the source does not allow, or to something \
             other than a page",
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
    sink.log(level, format!("run ended as {}{why}", report.status.as_str()), end_metadata(report));
}

fn end_metadata(report: &RunReport) -> Value {
    let (counts, fetched) = (&report.counts, &report.fetched);
    json!({
        ENDED: true,
        "status": report.status.as_str(),
        "reason_code": report.reason_code,
        "duration_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "num_seen": counts.num_seen,
        "num_added": counts.num_added,
        "num_updated": counts.num_updated,
        "num_unchanged": counts.num_unchanged,
        "num_removed": counts.num_removed,
        "num_restored": counts.num_restored,
        "num_duplicate": counts.num_duplicate,
        "num_rejected": counts.num_rejected,
        "num_handoffs": report.num_handoffs,
        "num_pages": report.num_pages,
        "num_requests": fetched.num_requests,
        "num_not_modified": fetched.num_not_modified,
        "num_retries": fetched.num_retries,
        "bytes_received": fetched.num_wire_bytes,
    })
}

fn drift_sentence(drift: &Drift) -> String {
    let types = |set: TypeSet| {
        let words = words(set);
        if words.is_empty() { "unknown type".to_owned() } else { words.join(" or ") }
    };
    let name = &drift.field_name;
    match drift.change {
        DriftChange::New => format!("the field {name} is new ({})", types(drift.new_types)),
        DriftChange::Lost => format!("the field {name} no longer has values"),
        DriftChange::Retyped => {
            format!("the field {name} was {} and is {}", types(drift.old_types), types(drift.new_types))
        }
        DriftChange::WrongType => format!("the field {name} has values that are not of its declared type"),
        DriftChange::Missing => format!("the required field {name} has no value in some records"),
    }
}

fn words(types: TypeSet) -> Vec<&'static str> {
    types.iter().map(JsonType::as_str).collect()
}
