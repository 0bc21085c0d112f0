//! The words of hand-offs in columns and output.

crate::words! {
    /// The state of a hand-off.
    pub enum State {
        /// Waits for a worker. Every hand-off starts here.
        Pending = "pending",
        /// A worker is processing it, fenced by a receipt.
        Active = "active",
        /// An attempt failed and another is due later.
        Retrying = "retrying",
        /// Ingested.
        Succeeded = "succeeded",
        /// Failed for good; an operator may retry it.
        Failed = "failed",
        /// A newer version came before this one was ingested.
        Superseded = "superseded",
        /// An operator cancelled it.
        Cancelled = "cancelled",
        /// Waits for an operator to release it.
        Held = "held",
    }

    /// How a pipeline ingests.
    pub enum HandlerKind {
        /// Indexes documents for search.
        Documents = "documents",
        /// Writes rows of a user's table.
        Table = "table",
        /// Sends a request for each change.
        Webhook = "webhook",
        /// Runs a user's command.
        Exec = "exec",
        /// Another program's workers claim the work.
        External = "external",
    }

    /// What happened to the reference that is handed off.
    pub enum Change {
        /// Seen for the first time.
        Added = "added",
        /// A new version.
        Updated = "updated",
        /// Now a tombstone.
        Removed = "removed",
        /// A tombstone that came back.
        Restored = "restored",
    }

    /// Why a hand-off is in its state: why it was queued, waits or ended. Operators filter by these words, so add a new
    /// one instead of changing a meaning.
    pub enum ReasonCode {
        /// Queued: the reference is new.
        Added = "added",
        /// Queued: the reference has a new version.
        Updated = "updated",
        /// Queued: the reference became a tombstone.
        Removed = "removed",
        /// Queued: a tombstone came back.
        Restored = "restored",
        /// Queued: the reference returned to an earlier hash, which already has a hand-off.
        Reopened = "reopened",
        /// Queued: a reconciler found a version that was never handed off.
        Reconciled = "reconciled",
        /// Queued: the pipeline's settings changed, so everything is handed off again.
        Reconfigured = "reconfigured",
        /// Queued: somebody asked for it.
        Requested = "requested",
        /// Queued: an operator retried it.
        Retried = "retried",
        /// Queued: an operator released it.
        Released = "released",
        /// Waits: an operator snoozed it.
        Snoozed = "snoozed",
        /// Superseded: a newer version came first.
        NewerVersion = "newer_version",
        /// Cancelled by an operator.
        Cancelled = "cancelled",
        /// Held for an operator.
        Held = "held",
        /// Retrying: the last attempt failed temporarily.
        Transient = "transient",
        /// Retrying: the receiver asked for a later retry.
        Throttled = "throttled",
        /// Retrying: the lease of the last attempt expired.
        LeaseLost = "lease_lost",
        /// Failed: the handler reported that no retry can help.
        Permanent = "permanent",
        /// Failed: it crashed its worker too often.
        Poison = "poison",
        /// Failed: all attempts that the policy allows were used.
        AttemptsExhausted = "attempts_exhausted",
    }

    /// The kind of failure that ended an attempt.
    pub enum FailureClass {
        /// Temporary: a timeout, a refused connection, a 5xx.
        Transient = "transient",
        /// The receiver asked for a later retry.
        Throttled = "throttled",
        /// No retry can help: the content or the configuration is wrong.
        Permanent = "permanent",
        /// The hand-off crashed its worker more often than the policy allows.
        Poison = "poison",
        /// The lease expired before the worker reported: it died or was cut off.
        Lost = "lost",
    }
}

impl State {
    /// Whether it has ended; only a new event from outside changes it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Superseded | Self::Cancelled)
    }

    /// Whether it still needs an attempt: neither ended nor in progress.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Pending | Self::Retrying | Self::Held)
    }
}

impl Change {
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
