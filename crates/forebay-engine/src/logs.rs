//! What a run says on its way to the database: collected, and written in batches beside the run.
//!
//! Saying something never waits and never fails. [`channel`] gives a [`LogSink`], to be cloned to whoever has something
//! to say, and a [`LogWriter`], to be polled beside the run until all sinks are gone. Lines wait in a bounded channel.
//! While the database is away it fills up, and what does not fit any more is dropped, counted, and told in a line of its
//! own once the database is back.

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
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::Instant};

#[cfg(test)]
mod tests;

/// Lines that are written at once.
const BATCH: usize = 500;
/// How long a line waits for others before it is written.
const LINGER: Duration = Duration::from_secs(1);
/// Lines that may wait.
const CAPACITY: usize = 4_096;
/// How long to wait before trying again when the database is away.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest message, in bytes; the rest is cut off. What it quotes may come from outside.
const MAX_MESSAGE: usize = 8 * 1024;
/// The longest metadata, in bytes as JSON; longer ones are left out.
const MAX_METADATA: usize = 16 * 1024;

/// Where a run says things.
#[derive(Clone, Debug)]
pub struct LogSink {
    sender: mpsc::Sender<NewLine>,
    min_level: Level,
    num_dropped: Arc<AtomicU64>,
}

/// Writes what sinks are told.
#[derive(Debug)]
pub struct LogWriter {
    run_id: i64,
    receiver: mpsc::Receiver<NewLine>,
    num_dropped: Arc<AtomicU64>,
}

/// What a writer has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogsWritten {
    /// Lines that are in the database.
    pub num_written: u64,
    /// Lines that are not, because the database was away for too long.
    pub num_dropped: u64,
}

/// A sink and a writer for a run. What matters less than `min_level` is not kept.
pub fn channel(run_id: i64, min_level: Level) -> (LogSink, LogWriter) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let num_dropped = Arc::new(AtomicU64::new(0));
    let sink = LogSink { sender, min_level, num_dropped: Arc::clone(&num_dropped) };
    (sink, LogWriter { run_id, receiver, num_dropped })
}

impl LogSink {
    /// Whether lines of a level are kept, for whoever would have to work to make one.
    pub fn keeps(&self, level: Level) -> bool {
        level >= self.min_level
    }

    /// Says something. `metadata` is an object; neither it nor the message may hold secrets or values of payloads, and
    /// URLs only in their redacted form.
    pub fn log(&self, level: Level, message: impl Into<String>, metadata: Value) {
        if !self.keeps(level) {
            return;
        }
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        let metadata =
            if metadata.to_string().len() > MAX_METADATA { json!({"is_cut": true}) } else { metadata };
        let line = NewLine { logged_at: Timestamp::now(), level, message, metadata };
        if self.sender.try_send(line).is_err() {
            self.num_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl LogWriter {
    /// Writes until every sink is gone and all is written. While the database is away, it tries again and again; once
    /// the sinks are gone as well it gives up, and what is left is dropped.
    pub async fn run(mut self, database: &Database) -> LogsWritten {
        let mut written = LogsWritten::default();
        let mut num_untold = 0;
        let mut batch = Vec::new();
        while self.collect(&mut batch).await {
            num_untold += self.num_dropped.swap(0, Ordering::Relaxed);
            let added = (num_untold > 0).then(|| told(num_untold));
            let num_lines = (batch.len() + usize::from(added.is_some())) as u64;
            batch.extend(added);
            match write(database, self.run_id, &batch).await {
                Ok(()) => {
                    written.num_written += num_lines;
                    written.num_dropped += std::mem::take(&mut num_untold);
                    batch.clear();
                }
                Err(error) if error.is_unreachable() && !self.receiver.is_closed() => {
                    // The line that tells is made anew the next time: there may be more to tell.
                    batch.truncate(batch.len() - usize::from(num_untold > 0));
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_) => {
                    num_untold += num_lines - u64::from(num_untold > 0);
                    batch.clear();
                }
            }
        }
        written.num_dropped += num_untold + self.num_dropped.load(Ordering::Relaxed);
        written
    }

    /// Fills the batch up; false when it is empty and nothing comes any more.
    async fn collect(&mut self, batch: &mut Vec<NewLine>) -> bool {
        let mut deadline = None;
        while batch.len() < BATCH {
            let received = match deadline {
                None if batch.is_empty() => self.receiver.recv().await,
                // What could not be written is tried again with whatever is there by now.
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

/// The line that tells how many are missing.
fn told(num_dropped: u64) -> NewLine {
    let message =
        format!("{num_dropped} lines before this one were lost: the database was away for too long");
    let metadata = json!({"num_dropped": num_dropped});
    NewLine { logged_at: Timestamp::now(), level: Level::Warn, message, metadata }
}
