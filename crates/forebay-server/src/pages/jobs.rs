//! The retries that pages began. They live in this process.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use forebay_store::handoffs::Operated;
use jiff::Timestamp;

use super::handoff_filter::Filter;

/// Hand-offs in a portion of a job.
pub(super) const PORTION: u64 = 1_000;
/// Jobs that are remembered.
const MOST_JOBS: usize = 100;

/// The retries that pages began, by number.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    all: Mutex<BTreeMap<u64, Job>>,
}

/// A retry of many hand-offs.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) filter: Filter,
    pub(super) began_at: Timestamp,
    pub(super) num_done: u64,
    pub(super) refused: BTreeMap<&'static str, u64>,
    pub(super) state: Progress,
}

#[derive(Clone, Debug)]
pub(super) enum Progress {
    Running,
    /// An operator asked it to stop.
    Stopping,
    Stopped,
    Done,
    Failed(String),
}

impl Jobs {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<u64, Job>) -> T) -> T {
        act(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn begin(&self, filter: Filter, began_at: Timestamp) -> u64 {
        let job = Job { filter, began_at, num_done: 0, refused: BTreeMap::new(), state: Progress::Running };
        self.with(|jobs| {
            let number = jobs.last_key_value().map_or(1, |(last, _)| last + 1);
            jobs.insert(number, job);
            while jobs.len() > MOST_JOBS {
                jobs.pop_first();
            }
            number
        })
    }

    /// Adds what a portion did. Returns whether to go on.
    pub(super) fn add(&self, number: u64, operated: &Operated) -> bool {
        self.with(|jobs| {
            let Some(job) = jobs.get_mut(&number) else { return false };
            job.num_done += operated.num_done;
            // Each portion meets the same refused ones again.
            for (refusal, number) in &operated.refused {
                let known = job.refused.entry(refusal.message()).or_default();
                *known = (*known).max(*number);
            }
            let is_stopping = matches!(job.state, Progress::Stopping);
            let is_last = operated.num_done < PORTION;
            if is_last {
                job.state = Progress::Done;
            } else if is_stopping {
                job.state = Progress::Stopped;
            }
            !is_last && !is_stopping
        })
    }
}
