//! What operators do with hand-offs, which ones they choose, and the outcome.

use std::collections::BTreeMap;

use forebay_domain::{
    handoff::{Event, Refusal, State},
    identity::ReferenceId,
};
use jiff::Timestamp;

/// Selects hand-offs for an operation; absent conditions don't apply.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only of this pipeline.
    pub pipeline: Option<String>,
    /// Only of references of this source.
    pub source: Option<String>,
    /// Only in this state. Without a state and ids, only those in the operation's usual states.
    pub state: Option<State>,
    /// Only those with this reason, or with this code of their last attempt.
    pub reason_code: Option<String>,
    /// Only this failure code of the last attempt.
    pub failure_code: Option<String>,
    /// Only of these references; empty: all references.
    pub reference_ids: Vec<ReferenceId>,
    /// Only those that ended at this time or later, or, if not ended, were queued then.
    pub since: Option<Timestamp>,
    /// Only those that ended before this time, or, if not ended, were queued then.
    pub until: Option<Timestamp>,
    /// Maximum number of hand-offs to change; refused ones don't count.
    pub limit: Option<u64>,
}

/// Whether to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Apply the operation.
    Act,
    /// Only count; change and lock nothing.
    DryRun,
}

/// The effects of an operation, real or in a dry run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operated {
    /// Hand-offs that it applied to.
    pub num_done: u64,
    /// The same, by their state before.
    pub done: BTreeMap<Stood, u64>,
    /// Hand-offs that it did not apply to, by reason.
    pub refused: BTreeMap<Refusal, u64>,
}

/// The state of a hand-off before an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stood {
    /// Its pipeline.
    pub pipeline: String,
    /// Its state.
    pub state: State,
    /// Why it was in that state.
    pub reason_code: String,
    /// The failure code of its last attempt.
    pub failure_code: Option<String>,
}

forebay_domain::words! {
    /// The name of an operation.
    pub enum OperationName {
        /// [`Operation::Retry`].
        Retry = "retry",
        /// [`Operation::Cancel`].
        Cancel = "cancel",
        /// [`Operation::Hold`].
        Hold = "hold",
        /// [`Operation::Release`].
        Release = "release",
        /// [`Operation::Snooze`].
        Snooze = "snooze",
    }
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Hand off failed, cancelled or succeeded content again, with failures counted from zero, and make waiting retries
    /// due now. Succeeded hand-offs are included only if selected by state or by reference ids. Refused with
    /// `not_latest` if the pipeline was given newer content; other waiting content of the reference is superseded.
    Retry {
        /// Lower runs first; [`crate::handoffs::REPAIR_PRIORITY`] runs after changes.
        priority: i16,
    },
    /// Cancel waiting hand-offs.
    Cancel {
        /// Also cancel attempts in progress: their workers are told, and stop.
        running: bool,
    },
    /// Hold waiting hand-offs until they are released.
    Hold,
    /// Release held hand-offs.
    Release,
    /// Postpone waiting hand-offs. Refused with `attempt_under_way` for a follow-up, because the worker decides when
    /// it begins.
    Snooze {
        /// Until when.
        until: Timestamp,
    },
}

impl Operation {
    /// Its name on the command line and in output.
    pub const fn name(self) -> OperationName {
        match self {
            Self::Retry { .. } => OperationName::Retry,
            Self::Cancel { .. } => OperationName::Cancel,
            Self::Hold => OperationName::Hold,
            Self::Release => OperationName::Release,
            Self::Snooze { .. } => OperationName::Snooze,
        }
    }

    pub(super) const fn event(self, state: State) -> Event {
        match self {
            Self::Retry { .. } => Event::Retry,
            Self::Cancel { running: true } if matches!(state, State::Active) => Event::CancelRunning,
            Self::Cancel { .. } => Event::Cancel,
            Self::Hold => Event::Hold,
            Self::Release => Event::Release,
            Self::Snooze { .. } => Event::Snooze,
        }
    }

    /// The states that it applies to by default, so selecting only a pipeline or a reason doesn't include all
    /// history.
    const fn usual_states(self) -> &'static [State] {
        match self {
            Self::Retry { .. } => &[State::Retrying, State::Failed, State::Cancelled],
            Self::Cancel { .. } => &[State::Pending, State::Active, State::Retrying, State::Held],
            Self::Hold | Self::Snooze { .. } => &[State::Pending, State::Active, State::Retrying],
            Self::Release => &[State::Held],
        }
    }

    /// Whether hand-offs that did not wait for a worker may wait afterwards.
    pub(super) const fn queues(self) -> bool {
        matches!(self, Self::Retry { .. } | Self::Release)
    }

    /// Whether workers should look at once.
    pub(super) const fn wakes(self) -> bool {
        self.queues() || matches!(self, Self::Cancel { running: true })
    }
}

impl Selection {
    pub(super) fn states(&self, operation: Operation) -> Vec<State> {
        match self.state {
            Some(state) => vec![state],
            None if self.reference_ids.is_empty() => operation.usual_states().to_vec(),
            None => State::ALL.to_vec(),
        }
    }
}
