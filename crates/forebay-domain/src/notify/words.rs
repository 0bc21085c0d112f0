//! The words of notifications in columns, configuration and output.

crate::words! {
    /// How a notifier sends.
    pub enum NotifierKind {
        /// A signed POST request.
        Webhook = "webhook",
        /// A message to an incoming webhook of Slack, or of a program that accepts the same.
        Slack = "slack",
        /// E-mail, over SMTP.
        Email = "email",
        /// A program of the user.
        Command = "command",
    }

    /// What notifications report.
    pub enum NotifyEvent {
        /// A run waits for a decision.
        RunHeld = "run_held",
        /// A breaker keeps a source from being scraped.
        BreakerOpened = "breaker_opened",
        /// That breaker is closed again.
        BreakerClosed = "breaker_closed",
        /// The runs of a source have been failing for a while.
        SourceFailing = "source_failing",
        /// The data of a scope is older than its `error_after`.
        FreshnessError = "freshness_error",
        /// Too large a share of the deliveries of a pipeline fails.
        HandoffsFailing = "handoffs_failing",
        /// A worker died.
        WorkerGone = "worker_gone",
        /// References had not reached a pipeline, or its target differs.
        ConservationBroken = "conservation_broken",
    }

    /// The state of a notification.
    pub enum NotificationState {
        /// Waits to be sent.
        Pending = "pending",
        /// An attempt failed, and another one is due later.
        Retrying = "retrying",
        /// The receiver accepted it.
        Succeeded = "succeeded",
        /// It failed for good.
        Failed = "failed",
    }
}

impl NotifyEvent {
    /// The event that reports the end of an alert of this one.
    #[must_use]
    pub const fn at_end(self) -> Self {
        match self {
            Self::BreakerOpened => Self::BreakerClosed,
            other => other,
        }
    }
}
