//! The words of breakers in columns and output.

crate::words! {
    /// The state of a breaker.
    pub enum BreakerState {
        /// Calls go through.
        Closed = "closed",
        /// No call goes through until the wait is over.
        Open = "open",
        /// Probes go through.
        HalfOpen = "half_open",
        /// No call goes through until an operator changes it.
        ForcedOpen = "forced_open",
        /// Every call goes through and none is counted, until an operator changes it.
        Disabled = "disabled",
    }

    /// Why a breaker is in its state.
    pub enum BreakerReason {
        /// No call has been recorded.
        New = "new",
        /// Too large a share of the calls failed.
        FailureRate = "failure_rate",
        /// Too many calls failed in a row.
        ConsecutiveFailures = "consecutive_failures",
        /// A probe failed.
        ProbeFailed = "probe_failed",
        /// The wait is over.
        WaitOver = "wait_over",
        /// Probes succeeded.
        Recovered = "recovered",
        /// An operator opened it.
        ForcedOpen = "opened_by_operator",
        /// An operator closed it.
        ClosedByOperator = "closed_by_operator",
        /// An operator reset it.
        Reset = "reset_by_operator",
        /// An operator disabled it.
        Disabled = "disabled_by_operator",
    }

    /// The outcome of a call to a source.
    pub enum CallOutcome {
        /// It succeeded.
        Success = "success",
        /// A temporary failure: a timeout, a broken connection, a 5xx.
        Transient = "transient",
        /// The source asked for a later retry.
        Throttled = "throttled",
        /// A permanent failure: 404, a broken document, a wrong content type.
        Permanent = "permanent",
        /// It succeeded without records, although there used to be some.
        ZeroRecords = "zero_records",
        /// It succeeded, but fields that used to have values were mostly empty.
        CoverageDrop = "coverage_drop",
        /// An error on this side, such as wrong settings or an unreachable database. It says nothing about the
        /// source.
        Configuration = "configuration",
    }

    /// Why a call was refused.
    pub enum RefusalReason {
        /// The source failed too often.
        Open = "breaker_open",
        /// An operator opened the breaker.
        ForcedOpen = "breaker_forced_open",
        /// Probes are in progress.
        Probing = "breaker_probing",
    }
}
