//! Operations on many hand-offs that go on after their response. They live in this process.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use forebay_engine::clock;
use forebay_store::handoffs::{Operated, Operation, Selection};
use forebay_views::{HandoffJob, JobState, failure::Failure};

/// Jobs that are remembered.
const MOST_JOBS: usize = 100;

/// The jobs that began, by number.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    all: Mutex<BTreeMap<u64, Job>>,
}

/// An operation on what is selected.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) selection: Selection,
    pub(crate) state: JobState,
    /// What is shown of it, besides its state.
    view: HandoffJob,
}

impl Job {
    /// The whole view.
    pub(crate) fn view(&self) -> HandoffJob {
        HandoffJob { state: self.state.as_str().to_owned(), ..self.view.clone() }
    }
}

impl Jobs {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<u64, Job>) -> T) -> T {
        act(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers a job that begins now. Returns its number.
    pub(crate) fn begin(&self, operation: Operation, selection: Selection) -> u64 {
        self.with(|jobs| {
            let number = jobs.last_key_value().map_or(1, |(last, _)| last + 1);
            let view = HandoffJob {
                job: number,
                operation: operation.name().as_str().to_owned(),
                state: String::new(),
                num_done: 0,
                refused: Vec::new(),
                began_at: clock::now().into(),
                error: None,
            };
            jobs.insert(number, Job { selection, state: JobState::Running, view });
            let is_over = |job: &Job| !matches!(job.state, JobState::Running | JobState::Stopping);
            let oldest = jobs.iter().find(|(_, job)| is_over(job)).map(|(oldest, _)| *oldest);
            if let Some(oldest) = oldest.filter(|_| jobs.len() > MOST_JOBS) {
                jobs.remove(&oldest);
            }
            number
        })
    }

    /// A job. Error: `no_such_job`.
    pub(crate) fn get(&self, number: u64) -> Result<Job, Failure> {
        self.with(|jobs| jobs.get(&number).cloned()).ok_or_else(|| {
            Failure::usage("no_such_job", format!("this server knows no job {number}"))
                .hint("it forgets them when it restarts; the hand-offs show what is left")
        })
    }

    /// All jobs, the newest first.
    pub(crate) fn list(&self) -> Vec<HandoffJob> {
        self.with(|jobs| jobs.values().rev().map(Job::view).collect())
    }

    /// Asks a job to stop, if it is running. Error: `no_such_job`.
    pub(crate) fn stop(&self, number: u64) -> Result<Job, Failure> {
        self.with(|jobs| {
            if let Some(job) = jobs.get_mut(&number).filter(|job| job.state == JobState::Running) {
                job.state = JobState::Stopping;
            }
        });
        self.get(number)
    }

    /// Notes what is done so far. Returns whether to go on.
    pub(crate) fn note(&self, number: u64, so_far: &Operated) -> bool {
        self.with(|jobs| {
            let Some(job) = jobs.get_mut(&number) else { return true };
            job.view = job.view.clone().with(so_far);
            job.state == JobState::Running
        })
    }

    /// Notes that a job has ended.
    pub(crate) fn end(&self, number: u64, is_whole: bool, failure: Option<&Failure>) {
        self.with(|jobs| {
            if let Some(job) = jobs.get_mut(&number) {
                job.view.error = failure.map(Failure::view);
                job.state = match (failure, is_whole) {
                    (Some(_), _) => JobState::Failed,
                    (None, true) => JobState::Done,
                    (None, false) => JobState::Stopped,
                };
            }
        });
    }
}
