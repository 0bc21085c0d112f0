//! Live output of `forebay work`: JSON Lines on standard output, or a progress bar.
//!
//! Claims, failures, outages and scheduled runs are log events of the engine, so they are already on standard error.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, PoisonError},
};

use forebay_engine::{clock, scrape::schedule::DueRun, work::Progress};
use forebay_views::WorkEvent;

use crate::{
    failure::Failure,
    ui::{self, Ui},
};

/// Prints progress.
pub(super) struct Live<'a> {
    ui: &'a Ui,
    bar: ui::Progress,
    so_far: Mutex<SoFar>,
}

#[derive(Default)]
struct SoFar {
    claimed: BTreeMap<String, u64>,
    is_unreachable: bool,
}

impl<'a> Live<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        Self { ui, bar: ui.progress("ingesting", None), so_far: Mutex::default() }
    }

    /// Handles progress of a worker.
    pub(super) fn progress(&self, progress: &Progress<'_>) {
        // A count is never half written, so a panic elsewhere leaves nothing to repair.
        let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        // An outage causes many attempts and one note.
        let was_unreachable = match progress {
            Progress::Unreachable { .. } => mem::replace(&mut so_far.is_unreachable, true),
            Progress::Reachable => mem::replace(&mut so_far.is_unreachable, false),
            _ => false,
        };
        if matches!(progress, Progress::Unreachable { .. }) && was_unreachable {
            return;
        }
        if self.ui.is_json()
            && let Some(event) = WorkEvent::of_progress(progress, clock::now(), view)
        {
            self.print(&event);
        }
        if let Progress::Batch(report) = progress {
            so_far.claimed.insert(report.pipeline.clone(), report.num_claimed);
            self.bar.set(so_far.claimed.values().sum());
        }
    }

    /// Handles the end of a scheduled scrape.
    pub(super) fn due_run(&self, run: &DueRun) {
        if self.ui.is_json() {
            self.print(&WorkEvent::of_due_run(run, clock::now(), view));
        }
    }

    /// If standard output is closed, the final report fails; the work continues until then.
    fn print(&self, event: &WorkEvent) {
        let _ = self.ui.line(event);
    }
}

/// The error in the form of every document.
pub(super) fn view(error: &forebay_engine::Error) -> forebay_views::Error {
    Failure::from(error).view()
}
