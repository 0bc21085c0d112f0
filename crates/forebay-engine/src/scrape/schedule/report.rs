//! The results of due scopes.

use forebay_domain::run::RunStatus;
use jiff::Timestamp;
use tracing::{debug, info, warn};

use crate::error::Error;

/// The result of a due scope.
#[derive(Debug)]
pub struct DueRun {
    /// The source.
    pub source: String,
    /// The scope, as text.
    pub scope: String,
    /// The due time of the run.
    pub due_at: Timestamp,
    /// The run, if one began.
    pub run_id: Option<i64>,
    /// The fallback that answered. `None`: the source itself answered, or no source did.
    pub answered_by: Option<String>,
    /// How it ended.
    pub ended: DueEnd,
}

/// How the run of a due scope ended.
#[derive(Debug)]
pub enum DueEnd {
    /// Its run ended.
    Ended {
        /// The run's status.
        status: RunStatus,
        /// Why, as a stable word.
        reason_code: Option<String>,
    },
    /// It failed, or was refused by the source's breaker.
    Failed(Error),
    /// This process was stopped first.
    CutOff,
    /// Another worker took over the claim, because this one did not extend it in time.
    Lost,
    /// This process cannot scrape it. Another one may after the claim has expired.
    Unknown,
}

/// Counts of a worker's scrapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleReport {
    /// Due scopes that were run.
    pub num_runs: u64,
    /// How many of them failed.
    pub num_failed: u64,
    /// How many of them were partial.
    pub num_partial: u64,
    /// How many of them were held by a guard.
    pub num_held: u64,
    /// How many of them were refused by a breaker.
    pub num_refused: u64,
}

impl DueRun {
    /// The status of its run. None: no run began, or this worker doesn't know how it ended.
    pub fn status(&self) -> Option<RunStatus> {
        match &self.ended {
            DueEnd::Ended { status, .. } => Some(*status),
            DueEnd::Failed(error) => self.run_id.map(|_| error.run_status()),
            DueEnd::CutOff | DueEnd::Lost | DueEnd::Unknown => None,
        }
    }

    /// Why it ended as it did, as a stable word. None: nothing unusual happened.
    pub fn reason_code(&self) -> Option<&str> {
        match &self.ended {
            DueEnd::Ended { reason_code, .. } => reason_code.as_deref(),
            DueEnd::Failed(error) => Some(error.code()),
            DueEnd::CutOff => Some("worker_stopped"),
            DueEnd::Lost => Some("claim_lost"),
            DueEnd::Unknown => Some("source_unknown"),
        }
    }

    /// Emits events that are not in the log of the run.
    pub(super) fn emit(&self) {
        let Self { source, scope, run_id, .. } = self;
        let due_at = format!("{:.3}", self.due_at);
        match &self.ended {
            DueEnd::Ended { status, .. } => {
                debug!(source, scope, due_at, run_id, status = status.as_str(), "scheduled scrape ended");
            }
            // The scrape reports a refusal itself, and a run its failure.
            DueEnd::Failed(Error::Refused { .. }) => {}
            DueEnd::Failed(_) if run_id.is_some() => {}
            DueEnd::Failed(error) => {
                warn!(source, scope, due_at, code = error.code(), "scheduled scrape failed: {error}");
            }
            DueEnd::CutOff => {
                info!(
                    source,
                    scope, due_at, run_id, "scheduled scrape stopped with this worker; it is due again"
                );
            }
            DueEnd::Lost => {
                warn!(source, scope, due_at, run_id, "scheduled scrape taken over by another worker");
            }
            DueEnd::Unknown => warn!(
                source,
                scope,
                due_at,
                "scheduled scrape left to other workers: this configuration does not know its source"
            ),
        }
    }
}

impl ScheduleReport {
    pub(super) fn add(&mut self, run: &DueRun) {
        match &run.ended {
            DueEnd::CutOff | DueEnd::Lost | DueEnd::Unknown => return,
            DueEnd::Failed(Error::Refused { .. }) => self.num_refused += 1,
            DueEnd::Failed(_) | DueEnd::Ended { status: RunStatus::Failed, .. } => self.num_failed += 1,
            DueEnd::Ended { status: RunStatus::Partial, .. } => self.num_partial += 1,
            DueEnd::Ended { status: RunStatus::Held, .. } => self.num_held += 1,
            DueEnd::Ended { .. } => {}
        }
        self.num_runs += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(run_id: Option<i64>, ended: DueEnd) -> (Option<RunStatus>, Option<String>) {
        let run = DueRun {
            source: "courses".to_owned(),
            scope: String::new(),
            due_at: Timestamp::UNIX_EPOCH,
            run_id,
            answered_by: None,
            ended,
        };
        (run.status(), run.reason_code().map(str::to_owned))
    }

    #[test]
    fn only_a_run_has_a_status() {
        let reason = |code: &str| Some(code.to_owned());
        let held = DueEnd::Ended { status: RunStatus::Held, reason_code: reason("empty_run") };
        assert_eq!(described(Some(7), held), (Some(RunStatus::Held), reason("empty_run")));
        let failed = |run_id| described(run_id, DueEnd::Failed(Error::NoSuchRun { run_id: 1 }));
        assert_eq!(failed(Some(7)), (Some(RunStatus::Failed), reason("no_such_run")));
        assert_eq!(failed(None), (None, reason("no_such_run")));
        let interrupted = described(Some(7), DueEnd::Failed(Error::Interrupted));
        assert_eq!(interrupted.0, Some(RunStatus::Aborted));
        assert_eq!(described(None, DueEnd::CutOff), (None, reason("worker_stopped")));
        assert_eq!(described(Some(7), DueEnd::Lost), (None, reason("claim_lost")));
        assert_eq!(described(None, DueEnd::Unknown), (None, reason("source_unknown")));
    }
}
