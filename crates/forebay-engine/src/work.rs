//! Ingestion workers: what was handed off is carried out by the handler of each pipeline.
//!
//! A handler whose effect is in the same database (`inside`) takes jobs by row lock, has its effect and closes the
//! hand-offs in one transaction: exactly once. One whose effect is somewhere else (`leased`) claims jobs under a
//! receipt and a lease and reports afterwards: at least once, and never accepted from a worker that has lost its claim.
//! Any number of workers may run side by side; they pass over what another one has.
//!
//! A hand-off says which reference changed, not how: the handler reads what is stored now. Newer content than was
//! handed off is ingested early then, and once more by its own hand-off, which changes nothing.

mod declare;
mod event;
mod handlers;
mod leased;
mod listener;
mod maintenance;
pub mod reconciliation;
mod report;
mod settings;
mod supervisor;
mod transactional;
mod worker;

use std::{future::Future, time::Duration};

use forebay_store::{connect::Database, documents};

pub use declare::{Declared, declare};
pub use forebay_store::{
    documents::Hit,
    pipelines::{LimitKey, Limits, PipelineSpec},
};
use report::Batch;
pub use report::{Maintenance, PipelineReport, Progress, WorkReport};

use crate::error::Result;

/// What to work on.
#[derive(Clone, Debug)]
pub struct WorkOptions {
    /// The pipelines to work for. Default: none named, which is all that are enabled.
    pub pipelines: Vec<String>,
    /// Most hand-offs that one transaction or claim holds. Default: 500.
    pub batch: u32,
    /// Batches of one pipeline under way at a time. Default: 1.
    pub concurrency: u32,
    /// How long, after being asked to stop, the work under way may go on; what is not finished then is given back.
    /// Default: 30 seconds.
    pub grace: Duration,
    /// What operators know this worker by. Default: `forebay`, with the process id.
    pub worker: String,
    /// How often every reference is checked for hand-offs that are missing; None: never. Default: every hour.
    pub reconcile_every: Option<Duration>,
    /// How long the trail of what was replaced, of failed attempts and of breakers is kept, what runs said, and what is
    /// remembered of pages; None: for ever. Default: 30 days.
    pub retention: Option<Duration>,
}

impl Default for WorkOptions {
    fn default() -> Self {
        Self {
            pipelines: Vec::new(),
            batch: 500,
            concurrency: 1,
            grace: Duration::from_secs(30),
            worker: format!("forebay {}", std::process::id()),
            reconcile_every: Some(Duration::from_hours(1)),
            retention: Some(Duration::from_hours(30 * 24)),
        }
    }
}

/// Works until nothing is left that can be done now. `progress` hears of each pipeline after each batch.
///
/// An error of one pipeline does not stop the others; without the database there is nothing to go on with.
pub async fn drain(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<WorkReport> {
    // It holds the workers of every pipeline, which is much for the stack of whoever waits for it.
    Box::pin(supervisor::drain(database, options, progress)).await
}

/// Works until `stop` is done, then lets the work under way finish within [`WorkOptions::grace`]. New work is heard of
/// at once where the connection allows it, else found within a second. An error of one pipeline does not stop the
/// others, and it is tried again; so is a database that cannot be reached.
pub async fn follow(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()>,
) -> Result<WorkReport> {
    Box::pin(supervisor::follow(database, options, progress, stop)).await
}

/// Finds documents, of one source or of all, best first; see [`documents::search`].
pub async fn search(database: &Database, query: &str, source: Option<&str>, limit: u32) -> Result<Vec<Hit>> {
    let client = database.client().await?;
    Ok(documents::search(&**client, query, source, limit).await?)
}
