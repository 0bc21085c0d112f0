//! A request under way, and its entry in the log of deliveries.

use std::time::Instant;

use forebay_store::deliveries::Delivery;

use super::{Webhook, response::Received};
use crate::work::event::{Dropped, Outcome};

/// A request under way: it is logged even if it is dropped.
pub(super) struct Sent<'a> {
    webhook: &'a Webhook,
    /// `None`: it is logged.
    delivery: Option<Delivery>,
    began: Instant,
    dropped: &'a Dropped,
}

impl<'a> Sent<'a> {
    /// It is sent now.
    pub(super) fn new(webhook: &'a Webhook, delivery: Delivery, dropped: &'a Dropped) -> Self {
        Self { webhook, delivery: Some(delivery), began: Instant::now(), dropped }
    }

    pub(super) fn ended(mut self, outcome: &Outcome, received: Received) {
        let Some(delivery) = self.delivery.take() else { return };
        let failure_code = match outcome {
            Outcome::Done => None,
            Outcome::Failed { reason_code, .. } => Some(reason_code.clone()),
        };
        self.webhook.log(Delivery {
            duration: self.began.elapsed(),
            http_status: received.status,
            failure_code,
            response: received.body,
            ..delivery
        });
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            let reason = self.dropped.get().copied().unwrap_or("interrupted");
            let (duration, failure_code) = (self.began.elapsed(), Some(reason.to_owned()));
            self.webhook.log(Delivery { duration, failure_code, ..delivery });
        }
    }
}
