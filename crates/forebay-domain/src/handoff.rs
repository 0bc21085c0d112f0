//! The life of a hand-off: the promise to ingest one version of one reference.
//!
//! A hand-off is unique per pipeline, reference and payload hash. What may happen to it is one table,
//! [`TRANSITIONS`]; what a failure costs is another, [`POLICIES`]. The code here and the check constraints of the
//! database both follow them, so a new state, event or reason is a new row, here and in a migration.
//!
//! The rules in words:
//! - The same hash again changes nothing.
//! - A new hash while the old one waits (pending, retrying, held) supersedes the old one.
//! - A new hash while the old one is active leaves the attempt alone and queues exactly one follow-up, whose job
//!   can be claimed when the attempt ends; see [`end_attempt`].
//! - Back to an earlier hash, or removed or restored under the same one, opens that row again, with its generation
//!   raised, so that receipts of its earlier life are stale.
//! - Changed settings of the pipeline open what references have now again, but for what was cancelled.
//! - Ended hand-offs stay ended, but for reopening and for an operator's retry.

mod policy;
mod transitions;

#[cfg(test)]
mod tests;

use std::fmt;

pub use policy::{FailureClass, FailurePolicy, POLICIES, backoff, failure_event};
pub use transitions::{Event, Refusal, TRANSITIONS, Transition, end_attempt, next};

/// How a hand-off stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Waits for a worker. Every hand-off starts here.
    Pending,
    /// A worker has it, fenced by a receipt.
    Active,
    /// An attempt failed and another is due later.
    Retrying,
    /// Ingested.
    Succeeded,
    /// Given up; an operator may retry it.
    Failed,
    /// A newer version came before this one was ingested.
    Superseded,
    /// An operator called it off.
    Cancelled,
    /// Waits for an operator to release it.
    Held,
}

impl State {
    /// All states, in the order of the check constraint.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Active,
        Self::Retrying,
        Self::Succeeded,
        Self::Failed,
        Self::Superseded,
        Self::Cancelled,
        Self::Held,
    ];

    /// The word in columns and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::Held => "held",
        }
    }

    /// The state that a word in a column names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing more happens to it by itself.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Superseded | Self::Cancelled)
    }

    /// Whether it is still to be attempted: neither ended nor under way.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Pending | Self::Retrying | Self::Held)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened to the reference that is handed off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Seen for the first time.
    Added,
    /// A new version.
    Updated,
    /// Now a tombstone.
    Removed,
    /// A tombstone that came back.
    Restored,
}

impl Change {
    /// All changes.
    pub const ALL: [Self; 4] = [Self::Added, Self::Updated, Self::Removed, Self::Restored];

    /// The word in columns and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Restored => "restored",
        }
    }

    /// The change that a word in a column names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == word)
    }

    /// The reason code of a hand-off that this change queues.
    pub const fn reason(self) -> ReasonCode {
        match self {
            Self::Added => ReasonCode::Added,
            Self::Updated => ReasonCode::Updated,
            Self::Removed => ReasonCode::Removed,
            Self::Restored => ReasonCode::Restored,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a hand-off is where it is: why it was queued, or why it waits or ended. Operators filter by these words, so
/// add one rather than change what one means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonCode {
    /// Queued: the reference is new.
    Added,
    /// Queued: the reference has a new version.
    Updated,
    /// Queued: the reference became a tombstone.
    Removed,
    /// Queued: a tombstone came back.
    Restored,
    /// Queued: the reference went back to an earlier hash, which has a hand-off already.
    Reopened,
    /// Queued: a reconciler found a version that had never been handed off.
    Reconciled,
    /// Queued: the pipeline's settings changed, so all is handed to it again.
    Reconfigured,
    /// Queued: an operator retried it.
    Retried,
    /// Queued: an operator released it.
    Released,
    /// Waits: an operator put it off.
    Snoozed,
    /// Superseded: a newer version came first.
    NewerVersion,
    /// Cancelled by an operator.
    Cancelled,
    /// Held for an operator.
    Held,
    /// Retrying: the last attempt failed in a way that may pass.
    Transient,
    /// Retrying: the other side asked to come back later.
    Throttled,
    /// Retrying: the lease of the last attempt ran out.
    LeaseLost,
    /// Failed: the handler said that no retry can help.
    Permanent,
    /// Failed: it took its worker down too often.
    Poison,
    /// Failed: every attempt that the policy grants was used.
    AttemptsExhausted,
}

impl ReasonCode {
    /// All reasons: why queued first, then why it waits or ended.
    pub const ALL: [Self; 19] = [
        Self::Added,
        Self::Updated,
        Self::Removed,
        Self::Restored,
        Self::Reopened,
        Self::Reconciled,
        Self::Reconfigured,
        Self::Retried,
        Self::Released,
        Self::Snoozed,
        Self::NewerVersion,
        Self::Cancelled,
        Self::Held,
        Self::Transient,
        Self::Throttled,
        Self::LeaseLost,
        Self::Permanent,
        Self::Poison,
        Self::AttemptsExhausted,
    ];

    /// The word in columns and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Restored => "restored",
            Self::Reopened => "reopened",
            Self::Reconciled => "reconciled",
            Self::Reconfigured => "reconfigured",
            Self::Retried => "retried",
            Self::Released => "released",
            Self::Snoozed => "snoozed",
            Self::NewerVersion => "newer_version",
            Self::Cancelled => "cancelled",
            Self::Held => "held",
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::LeaseLost => "lease_lost",
            Self::Permanent => "permanent",
            Self::Poison => "poison",
            Self::AttemptsExhausted => "attempts_exhausted",
        }
    }

    /// The reason that a word in a column names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
