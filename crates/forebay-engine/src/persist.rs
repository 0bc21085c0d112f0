//! Persisting a run: turns an input of records into references, revisions and hand-offs.
//!
//! Threads read, parse and hash the input while the database answers. One window of records at a time is sorted by id
//! and probed: only (id, hash) goes to the database, which returns the records that differ. Payloads are sent only for
//! those. There are two ways to store them, depending on whether guards apply:
//!
//! - *straight*: each window is written in its own transaction. First loads of a scope, runs that do not claim to be
//!   complete, and runs with guards off are written this way.
//! - *staged*: the differing records are stored aside as they arrive. At the end the guards decide: one transaction
//!   applies all of them together with the removals, or the run is held and waits for an operator. Complete runs under
//!   guards are staged, and so are runs whose duplicate policy needs the whole input.
//!
//! A record has four forms on its way:
//!
//! 1. a [`Span`](forebay_sources::Span) of a block: text that a reader delimited;
//! 2. a [`Prepared`](forebay_domain::prepare::Prepared) of a `PreparedBlock`: parsed, hashed, with its id; key and
//!    canonical payload are ranges in buffers of the block;
//! 3. an `Entry` of a `Batch`: id, hash and the number of a record, small enough to sort;
//! 4. a [`Record`](forebay_store::references::Record): the form in which the store adds, updates or stages it. It
//!    borrows from the buffers of form 2, so no payload is copied before it is sent.
//!
//! When changing this: a run may be killed between any two statements. Every transaction must leave a state from which
//! rerunning the command gives the same result as an uninterrupted run.

mod apply;
mod batch;
mod begin;
mod close;
mod context;
mod decision;
pub(crate) mod declare;
mod dry_run;
mod evidence;
pub(crate) mod feed;
mod finish;
mod halves;
mod held;
mod inspect;
mod keys;
mod locked;
mod open;
mod outdated;
mod overrides;
mod page_parts;
mod patch;
pub(crate) mod policy;
mod prepare;
mod prepared;
mod process;
pub(crate) mod progress;
mod pump;
mod readable;
mod reading;
mod rejects;
mod rekey;
mod removals;
pub(crate) mod report;
pub(crate) mod request;
mod revert;
mod seen;
mod share;
mod tally;
pub(crate) mod tap;
mod verdict;
mod window;
mod write;

use forebay_domain::run::OnDuplicate;
use forebay_store::connect::Database;
use tracing::{Instrument, info_span};

pub(crate) use begin::settle;
pub use dry_run::{DryRun, Sample, dry_run};
pub use feed::{Begin, Feed, FilePage, Input};
pub use held::{Rekeyed, reject, rekey, release};
pub use inspect::{ChangeDiff, HeldDecision, Preview, RunDiff, diff, preview};
pub use overrides::{DEFAULT_MAX_WAIT, Overrides};
pub use policy::DEFAULT_MAX_REJECTED_SHARE;
pub use progress::Progress;
pub use rejects::DEFAULT_MAX_REJECTED_KEPT;
pub use report::RunReport;
pub use request::{Basis, CONNECTIONS_PER_RUN, DEFAULT_ENTITY_TYPE, PersistRequest};
pub use revert::{Reverted, preview_revert, revert};
pub(crate) use {pump::WINDOWS, reading::BLOCKS_BYTES, seen::FILTER_BYTES, window::WINDOW_BYTES};

use self::{
    context::RunContext,
    declare::Declared,
    tally::Tally,
    tap::{name_key, of_tap},
};
use crate::{
    error::{Error, Result},
    lineage,
    run_log::RunLog,
    stop::{Stop, close_run},
};

/// Persists one input as one run.
///
/// Runs of the same source and scope wait for each other. A failure closes the run as failed; batches that were written
/// straight stay, and the next run finds them unchanged.
pub async fn persist(
    database: &Database,
    request: PersistRequest,
    input: Input,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    persist_until(database, request, input, &Stop::default(), progress).await
}

/// [`persist`], until it is stopped. A run that is stopped is closed as aborted; the error is `interrupted`.
pub async fn persist_until(
    database: &Database,
    mut request: PersistRequest,
    input: Input,
    stop: &Stop,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    let input = name_key(&**database.client().await?, &mut request, input).await?;
    let on_duplicate = OnDuplicate::default_for(input.feed.is_tap());
    let declared = declare::declare(&**database.client().await?, &request, on_duplicate).await?;
    let log = RunLog::unstored(&request.source);
    // Boxed, so callers' futures stay small.
    let mut result = Box::pin(run_until(database, declared, request, input, &log, stop, progress)).await;
    if let Ok(report) = &mut result
        && report.is_first_run
        && report.counts.num_seen == 0
    {
        let warning = "the first run of this source read no records: check its input and its format";
        report.warnings.push(warning.to_owned());
    }
    log.end(&result);
    result
}

/// [`persist`] for a source that the caller has declared.
pub(crate) async fn persist_declared(
    database: &Database,
    declared: Declared,
    request: PersistRequest,
    input: Input,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    let log = RunLog::unstored(&request.source);
    // Boxed, so callers' futures stay small.
    let stop = Stop::default();
    let result = Box::pin(run_until(database, declared, request, input, &log, &stop, progress)).await;
    log.end(&result);
    result
}

/// Persists an input of a source that the caller has declared, until it is stopped. The caller ends the log.
pub(crate) async fn run_until(
    database: &Database,
    mut declared: Declared,
    mut request: PersistRequest,
    input: Input,
    log: &RunLog,
    stop: &Stop,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    if input.feed.is_tap() {
        of_tap(&mut request, &mut declared.policy, &declared.source.key_fields);
    }
    let warning = declared.warning.clone();
    let context = tokio::select! {
        opened = RunContext::open(database, declared, request, &input.name, progress) => opened?,
        () = stop.asked() => return Err(Error::Interrupted),
    };
    let origin = &context.target.origin;
    let span = info_span!("run", run_id = origin.run_id, source = context.source.name, scope = origin.scope);
    // Boxed, so callers' futures stay small.
    let mut report = Box::pin(run_open(&context, input, log, stop, progress)).instrument(span).await?;
    report.warnings.extend(warning);
    Ok(report)
}

/// Runs until the end of the input, until it is stopped, or until it has lost its scope. The scope is held until then.
async fn run_open(
    context: &RunContext<'_>,
    input: Input,
    log: &RunLog,
    stop: &Stop,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    let run_id = context.target.origin.run_id;
    log.open(run_id, &context.request.engine, &context.input_name);
    progress(Progress::Started { run_id });
    let lineage = lineage::start(|| context.facts());
    let mut tally = Tally::default();
    let whole = async {
        let read = pump::pump(context, input.feed, &mut tally, progress).await?;
        finish::finish(context, read, &mut tally, progress).await
    };
    let result = tokio::select! {
        result = whole => result,
        () = stop.asked() => Err(Error::Interrupted),
        () = context.lease.lost() => Err(forebay_store::Error::ScopeLost.into()),
    };
    match &result {
        Ok(_) => {}
        Err(Error::Interrupted) => close_run(context.database, run_id, context.started.elapsed()).await,
        Err(error) => close::fail(context, &tally, error).await,
    }
    if let Some(lineage) = lineage {
        lineage.end(&result);
    }
    result
}
