//! Ingestion workers: each pipeline's handler processes the changes handed off to it.
//!
//! A *transactional* handler has its effect in the same database. It takes hand-offs by row lock, has its effect and
//! settles them in one transaction: exactly once. A *leased* handler has its effect somewhere else. It claims hand-offs
//! under a receipt and a lease, and reports afterwards: at least once, and a report from a worker that lost its claim
//! is refused. Any number of workers may run at the same time; each skips what another one has.
//!
//! A hand-off says which reference changed, not how: the handler reads the stored data. If newer content is stored by
//! then, the handler ingests that, and the newer content's own hand-off changes nothing later.
//!
//! The functions need a tokio runtime of either kind with time and I/O enabled, and their futures are `Send`. What
//! happens is reported twice: to `progress`, as values for programs, and as `tracing` events, as lines for operators.

mod batch;
mod beside;
mod conflict;
pub(crate) mod declarations;
pub(crate) mod declare;
mod deliveries;
mod disabling;
mod effect;
mod embedding;
pub(crate) mod event;
mod failure;
mod failure_codes;
mod handlers;
pub(crate) mod kind;
mod leased;
mod listener;
mod maintenance;
mod notifying;
mod options;
mod own_name;
mod presence;
pub mod reconciliation;
mod recreation;
mod report;
mod rules;
pub(crate) mod setting_error;
mod settings;
mod shared;
pub(crate) mod skew;
mod supervisor;
mod trace;
mod transactional;
mod unanswered;
mod worker;

use std::future::Future;

use forebay_store::connect::Database;

pub use self::{
    batch::FailedAttempts,
    declarations::Declarations,
    declare::{Declaration, Declared, declare},
    failure_codes::FAILURE_CODES,
    handlers::{check_machine, check_settings},
    kind::{Workers, settings_of},
    options::WorkOptions,
    presence::leave,
    recreation::recreate_tables,
    report::{LeftAlone, Maintenance, PipelineReport, Progress, WorkReport},
    setting_error::SettingError,
};
pub(crate) use self::{
    handlers::{Webhook, check_settings as check_webhook, effect_of, unready},
    own_name::own_name,
};
pub use forebay_store::{
    documents::Hit,
    pipelines::{LimitKey, Limits, PipelineSpec},
};

use crate::error::Result;

/// Works until nothing is left that can be done now. `progress` is called for each pipeline after each batch.
///
/// An error of one pipeline does not stop the others. Error: the database cannot be reached.
pub async fn drain(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<WorkReport> {
    drain_until(database, options, progress, std::future::pending()).await
}

/// [`drain`] that stops when `stop` completes, like [`follow`].
pub async fn drain_until(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<WorkReport> {
    // The future holds the workers of every pipeline, too much for the caller's stack.
    Box::pin(supervisor::drain(database, options, progress, stop)).await
}

/// Works until `stop` completes, then lets the batches in progress finish within [`WorkOptions::grace`]. New work is
/// noticed at once if the connection supports it, and otherwise within a second. An error of one pipeline does not stop
/// the others, and the pipeline is retried; an unreachable database is retried too.
pub async fn follow(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<WorkReport> {
    Box::pin(supervisor::follow(database, options, progress, stop)).await
}
