//! Log lines of a run: each is emitted as a tracing event, and stored in batches beside the run.
//!
//! Logging never waits and never fails. [`channel`] returns a [`LogSink`], which every part of a run may clone, and a
//! [`LogWriter`], to be polled beside the run until all sinks are dropped. Lines wait in a bounded channel. When it is
//! full because the database is unreachable, further lines are dropped and counted; a line reports their number once
//! the database is back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use forebay_store::logs::Level;
use forebay_store::{
    Database,
    logs::{self, NewLine},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::Instant};
use tracing::{Span, enabled};

use crate::clock;

#[cfg(test)]
mod tests;

/// Maximum number of lines per transaction.
const BATCH: usize = 500;
/// How long a line waits for others before it is written.
const LINGER: Duration = Duration::from_secs(1);
/// Maximum number of waiting lines.
const CAPACITY: usize = 4_096;
/// How long to wait before a retry when the database is unreachable.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest message, in bytes; the rest is cut off. Messages may quote text from outside.
const MAX_MESSAGE: usize = 8 * 1024;
/// The longest metadata, in bytes as JSON; longer metadata is left out.
const MAX_METADATA: usize = 16 * 1024;

/// Takes the log lines of a run.
#[derive(Clone, Debug)]
pub struct LogSink {
    /// The span of the run, for lines from other tasks and threads.
    span: Span,
    /// `None`: lines are only emitted as events.
    store: Option<Store>,
}

#[derive(Clone, Debug)]
struct Store {
    sender: mpsc::Sender<NewLine>,
    min_level: Level,
    num_dropped: Arc<AtomicU64>,
}

/// Stores the lines of sinks.
#[derive(Debug)]
pub struct LogWriter {
    run_id: i64,
    receiver: mpsc::Receiver<NewLine>,
    num_dropped: Arc<AtomicU64>,
}

/// The counts of a writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogsWritten {
    /// Lines that were stored.
    pub num_written: u64,
    /// Lines dropped because the database was unreachable for too long.
    pub num_dropped: u64,
}

/// A sink and a writer for a run. Lines below `min_level` are not stored. Events belong to the current span.
pub fn channel(run_id: i64, min_level: Level) -> (LogSink, LogWriter) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let num_dropped = Arc::new(AtomicU64::new(0));
    let store = Store { sender, min_level, num_dropped: Arc::clone(&num_dropped) };
    let sink = LogSink { span: Span::current(), store: Some(store) };
    (sink, LogWriter { run_id, receiver, num_dropped })
}

impl LogSink {
    /// A sink that stores nothing. Events belong to the current span.
    pub fn unstored() -> Self {
        Self { span: Span::current(), store: None }
    }

    /// Whether lines of a level are stored or emitted. Check before building an expensive line.
    pub fn keeps(&self, level: Level) -> bool {
        self.store.as_ref().is_some_and(|store| level >= store.min_level) || is_traced(level)
    }

    /// Logs a line: emits it as an event, and stores it. `metadata` is an object. Neither it nor the message may hold
    /// secrets or values of payloads, and URLs only in their redacted form.
    pub fn log(&self, level: Level, message: impl Into<String>, metadata: Value) {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        emit(&self.span, level, &message, &metadata);
        let Some(store) = self.store.as_ref().filter(|store| level >= store.min_level) else { return };
        let metadata =
            if metadata.to_string().len() > MAX_METADATA { json!({"is_cut": true}) } else { metadata };
        let line = NewLine { logged_at: clock::now(), level, message, metadata };
        if store.sender.try_send(line).is_err() {
            store.num_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn is_traced(level: Level) -> bool {
    match level {
        Level::Debug => enabled!(tracing::Level::DEBUG),
        Level::Info => enabled!(tracing::Level::INFO),
        Level::Warn => enabled!(tracing::Level::WARN),
        Level::Error => enabled!(tracing::Level::ERROR),
    }
}

/// The metadata of a line as fields of an event: only what people look for, without zeros. The stored line has all of
/// it.
macro_rules! emit_at {
    ($level:ident, $span:expr, $message:expr, $metadata:expr) => {{
        let word = |key: &str| $metadata.get(key).and_then(Value::as_str);
        let number = |key: &str| $metadata.get(key).and_then(Value::as_u64).filter(|number| *number > 0);
        tracing::event!(
            parent: $span,
            tracing::Level::$level,
            status = word("status"),
            reason_code = word("reason_code"),
            code = word("code"),
            num_seen = number("num_seen"),
            num_added = number("num_added"),
            num_updated = number("num_updated"),
            num_unchanged = number("num_unchanged"),
            num_removed = number("num_removed"),
            num_restored = number("num_restored"),
            num_duplicate = number("num_duplicate"),
            num_rejected = number("num_rejected"),
            num_handoffs = number("num_handoffs"),
            num_pages = number("num_pages"),
            num_requests = number("num_requests"),
            num_retries = number("num_retries"),
            duration_ms = number("duration_ms"),
            "{}",
            $message
        );
    }};
}

/// Emits a line as an event. The level of an event is part of its call site, so each level needs its own.
fn emit(span: &Span, level: Level, message: &str, metadata: &Value) {
    match level {
        Level::Debug => emit_at!(DEBUG, span, message, metadata),
        Level::Info => emit_at!(INFO, span, message, metadata),
        Level::Warn => emit_at!(WARN, span, message, metadata),
        Level::Error => emit_at!(ERROR, span, message, metadata),
    }
}

impl LogWriter {
    /// Stores lines until every sink is dropped and all lines are stored. While the database is unreachable it retries;
    /// once the sinks are dropped as well it gives up, and drops the remaining lines.
    pub async fn run(mut self, database: &Database) -> LogsWritten {
        let mut written = LogsWritten::default();
        let mut num_unreported = 0;
        let mut batch = Vec::new();
        while self.collect(&mut batch).await {
            num_unreported += self.num_dropped.swap(0, Ordering::Relaxed);
            let added = (num_unreported > 0).then(|| losses(num_unreported));
            let num_lines = (batch.len() + usize::from(added.is_some())) as u64;
            batch.extend(added);
            match write(database, self.run_id, &batch).await {
                Ok(()) => {
                    written.num_written += num_lines;
                    written.num_dropped += std::mem::take(&mut num_unreported);
                    batch.clear();
                }
                Err(error) if error.is_unreachable() && !self.receiver.is_closed() => {
                    // The line that reports losses is rebuilt for the retry, because more may be lost by then.
                    batch.truncate(batch.len() - usize::from(num_unreported > 0));
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_) => {
                    num_unreported += num_lines - u64::from(num_unreported > 0);
                    batch.clear();
                }
            }
        }
        written.num_dropped += num_unreported + self.num_dropped.load(Ordering::Relaxed);
        written
    }

    /// Fills the batch; false when it is empty and all sinks are dropped.
    async fn collect(&mut self, batch: &mut Vec<NewLine>) -> bool {
        let mut deadline = None;
        while batch.len() < BATCH {
            let received = match deadline {
                None if batch.is_empty() => self.receiver.recv().await,
                // A retry includes the lines that have arrived in the meantime.
                None => self.receiver.try_recv().ok(),
                Some(deadline) => {
                    tokio::time::timeout_at(deadline, self.receiver.recv()).await.ok().flatten()
                }
            };
            let Some(line) = received else { break };
            deadline.get_or_insert_with(|| Instant::now() + LINGER);
            batch.push(line);
        }
        !batch.is_empty()
    }
}

async fn write(database: &Database, run_id: i64, lines: &[NewLine]) -> forebay_store::Result<()> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    logs::add(&transaction, run_id, lines).await?;
    Ok(transaction.commit().await?)
}

/// The line that reports the number of dropped lines.
fn losses(num_dropped: u64) -> NewLine {
    let message =
        format!("{num_dropped} lines before this one were lost: the database was unreachable for too long");
    let metadata = json!({"num_dropped": num_dropped});
    NewLine { logged_at: clock::now(), level: Level::Warn, message, metadata }
}
