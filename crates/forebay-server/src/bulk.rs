//! Operations on all hand-offs that a filter selects, as jobs with progress that can be stopped.
//!
//! An operation works in transactions of a thousand hand-offs and counts in one row of the audit trail. It visits each
//! hand-off once, so what fails again meanwhile isn't retried in a loop. If the process ends, what is left is as it was
//! and can be selected again.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use forebay_store::{
    actions::Actor,
    handoffs::{Mode, Operation, Selection},
};
use forebay_views::{Operated, decide::handoffs::operate, failure::Failure};
use tokio::task::JoinHandle;

use crate::app::App;

/// Begins an operation as a job. Returns the job's number and its task, which ends with what it did.
pub(crate) fn begin(
    app: &App,
    operation: Operation,
    selection: Selection,
    by: Actor,
) -> (u64, JoinHandle<Result<Operated, Failure>>) {
    let number = app.jobs().begin(operation, selection.clone());
    let app = app.clone();
    (number, app.clone().tasks().spawn(async move { run(&app, number, operation, &selection, &by).await }))
}

async fn run(
    app: &App,
    number: u64,
    operation: Operation,
    selection: &Selection,
    by: &Actor,
) -> Result<Operated, Failure> {
    let is_whole = AtomicBool::new(true);
    let go_on = |so_far: &_| {
        let goes_on = app.jobs().note(number, so_far) && !app.stopping().is_cancelled();
        is_whole.store(goes_on, Relaxed);
        goes_on
    };
    let operated = operate(app.database(), operation, selection, Mode::Act, by, &go_on).await;
    if let Err(failure) = &operated {
        tracing::error!(code = failure.code(), "an operation on hand-offs ended: {}", failure.full_message());
    }
    app.jobs().end(number, is_whole.load(Relaxed), operated.as_ref().err());
    operated
}
