//! The outcome of one batch.

use std::collections::BTreeMap;

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use forebay_store::jobs::{Failure, FailureAck, FailureAnswer};
use jiff::Timestamp;

/// The outcome of one batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) num_claimed: u64,
    pub(super) num_succeeded: u64,
    pub(super) num_failed: u64,
    pub(super) num_retried: u64,
    /// The attempts that failed, by kind of failure.
    pub(super) failures: Vec<FailedAttempts>,
}

/// Attempts of one batch that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempts {
    /// Decides what happens next.
    pub class: FailureClass,
    /// What failed, as a stable word.
    pub failure_code: String,
    /// When the first of the hand-offs is due for its retry; `None`: they failed for good.
    pub retry_at: Option<Timestamp>,
    /// The number of attempts.
    pub num_attempts: u64,
    /// The reference of the first of them.
    pub reference_id: ReferenceId,
    /// What failed for that reference, as a sentence without anything from the payload.
    pub message: String,
}

impl Batch {
    /// Adds failures and the database's answers to them, in the same order.
    pub(super) fn add_failures<'a>(
        &mut self,
        failures: impl IntoIterator<Item = &'a Failure>,
        answers: &[FailureAnswer],
    ) {
        let mut groups: BTreeMap<(&str, &str, bool), FailedAttempts> = BTreeMap::new();
        for (failure, answer) in failures.into_iter().zip(answers) {
            let will_retry = match answer.ack {
                FailureAck::Retrying => true,
                FailureAck::Failed => false,
                // Nothing failed that still counts, or it has to be reported again.
                FailureAck::Superseded
                | FailureAck::Cancelled
                | FailureAck::Stale
                | FailureAck::Lost
                | FailureAck::Busy => continue,
            };
            if will_retry {
                self.num_retried += 1;
            } else {
                self.num_failed += 1;
            }
            let key = (failure.class.as_str(), failure.reason_code.as_str(), will_retry);
            let group = groups.entry(key).or_insert_with(|| FailedAttempts {
                class: failure.class,
                failure_code: failure.reason_code.clone(),
                retry_at: answer.retry_at,
                num_attempts: 0,
                reference_id: failure.reference_id,
                message: failure.message.clone(),
            });
            group.retry_at = group.retry_at.min(answer.retry_at);
            group.num_attempts += 1;
        }
        self.failures.extend(groups.into_values());
    }

    /// Traces the result of the batch, in the span of its claim.
    pub(super) fn trace(&self) {
        tracing::info!(
            num_claimed = self.num_claimed,
            num_succeeded = self.num_succeeded,
            num_retried = self.num_retried,
            num_failed = self.num_failed,
            "batch ended"
        );
        for failed in &self.failures {
            let FailedAttempts { class, failure_code, num_attempts, reference_id, message, .. } = failed;
            let failure_class = class.as_str();
            if let Some(retry_at) = failed.retry_at {
                tracing::warn!(
                    failure_class,
                    failure_code,
                    num_attempts,
                    %reference_id,
                    retry_at = format!("{retry_at:.3}"),
                    "deliveries failed and will be retried: {message}"
                );
            } else {
                tracing::error!(
                    failure_class,
                    failure_code,
                    num_attempts,
                    %reference_id,
                    "deliveries failed for good: {message}"
                );
            }
        }
    }
}
