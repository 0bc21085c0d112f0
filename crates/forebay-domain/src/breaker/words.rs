//! The words of breakers, as columns and output have them.

crate::words! {
    /// How a breaker stands.
    pub enum BreakerState {
        /// Calls go through.
        Closed = "closed",
        /// No call goes through until the wait is over.
        Open = "open",
        /// Probes go through.
        HalfOpen = "half_open",
        /// No call goes through until an operator says so.
        ForcedOpen = "forced_open",
        /// Every call goes through and none is counted, until an operator says so.
        Disabled = "disabled",
    }

    /// Why a breaker is in its state.
    pub enum BreakerReason {
        /// Nothing is known of the source yet.
        New = "new",
        /// Too large a share of the calls failed.
        FailureRate = "failure_rate",
        /// Too many calls failed in a row.
        ConsecutiveFailures = "consecutive_failures",
        /// A probe failed.
        ProbeFailed = "probe_failed",
        /// It was open for as long as it had to be.
        WaitOver = "wait_over",
        /// Probes succeeded.
        Recovered = "recovered",
        /// An operator opened it.
        ForcedOpen = "opened_by_operator",
        /// An operator closed it.
        ClosedByOperator = "closed_by_operator",
        /// An operator had it forget what it saw.
        Reset = "reset_by_operator",
        /// An operator put it out of use.
        Disabled = "disabled_by_operator",
    }

    /// How a call of a source ended.
    pub enum CallOutcome {
        /// As it should.
        Success = "success",
        /// In a way that may pass: a timeout, a broken connection, a 5xx.
        Transient = "transient",
        /// The source asked to come back later.
        Throttled = "throttled",
        /// In a way that stays: 404, a broken document, a wrong content type.
        Permanent = "permanent",
        /// Well, but with no record where there used to be some.
        ZeroRecords = "zero_records",
        /// Well, but with fields mostly empty that used to have values.
        CoverageDrop = "coverage_drop",
        /// By a mistake of ours: wrong settings, a database that is away. It says nothing of the source.
        Configuration = "configuration",
    }

    /// Why a call was refused.
    pub enum RefusalReason {
        /// The source failed too often.
        Open = "breaker_open",
        /// An operator opened the breaker.
        ForcedOpen = "breaker_forced_open",
        /// Others are finding out whether the source is well again.
        Probing = "breaker_probing",
    }
}
