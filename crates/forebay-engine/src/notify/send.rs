//! Sends what waits, and stores how that ended.

use std::time::Duration;

use fastrand::Rng;
use forebay_domain::{
    handoff::FailureClass,
    notify::{AfterFailure, NotificationState, after_failure, after_loss},
};
use forebay_store::{
    connect::Database,
    notifications::outbox::{self, Claimed, Failure, Settled},
};
use jiff::SignedDuration;

use super::{
    alert::Notice,
    channel::{Channel, Message},
    settings::Notifier,
};
use crate::{clock, error::Result, work::event::Outcome};

/// How much longer a claim lasts than an attempt may take.
const MARGIN: Duration = Duration::from_secs(30);

/// Sends the notifications of a notifier that are due, oldest first. One that fails stops the others, which wait behind
/// it, unless it failed for good.
pub(crate) async fn send_due(
    database: &Database,
    notifier: &Notifier,
    notifier_id: i32,
    worker: &str,
) -> Result<()> {
    let lease = notifier.timeout + MARGIN;
    loop {
        let claimed = {
            let client = database.client().await?;
            outbox::claim(&**client, notifier_id, worker, lease).await?
        };
        let Some(claimed) = claimed else { return Ok(()) };
        let settled = if after_loss(claimed.num_lost) {
            lost(&claimed)
        } else {
            settled(attempt(notifier, &claimed).await, notifier, &claimed)
        };
        report(notifier, &claimed, &settled);
        let client = database.client().await?;
        outbox::settle(&**client, &claimed.notification_id, claimed.receipt, &settled).await?;
    }
}

async fn attempt(notifier: &Notifier, claimed: &Claimed) -> Outcome {
    let notice = match serde_json::from_value::<Notice>(claimed.content.clone()) {
        Ok(notice) => notice,
        // A newer version wrote it.
        Err(error) => {
            let message = format!("this version cannot read the notification: {error}");
            return Outcome::failed(FailureClass::Transient, "notification_unreadable", message);
        }
    };
    let channel = match Channel::open(notifier) {
        Ok(channel) => channel,
        // Another worker may have the secret, and somebody may set it.
        Err(error) => return Outcome::failed(FailureClass::Transient, "notifier_unready", error.problem),
    };
    let message = Message { id: &claimed.notification_id, created_at: claimed.created_at, notice: &notice };
    channel.send(&message).await.outcome
}

fn settled(outcome: Outcome, notifier: &Notifier, claimed: &Claimed) -> Settled {
    let Outcome::Failed { class, reason_code, message, retry_after } = outcome else {
        return Settled {
            state: NotificationState::Succeeded,
            retry_in: SignedDuration::ZERO,
            failure: None,
        };
    };
    let after = after_failure(
        class,
        claimed.num_attempts + 1,
        claimed.age,
        notifier.give_up_after,
        retry_after,
        Rng::with_seed(clock::random_seed()).f64(),
    );
    let failure = Some(Failure { class, code: reason_code, message });
    match after {
        AfterFailure::Retry(retry_in) => Settled { state: NotificationState::Retrying, retry_in, failure },
        AfterFailure::GiveUp => {
            Settled { state: NotificationState::Failed, retry_in: SignedDuration::ZERO, failure }
        }
    }
}

fn lost(claimed: &Claimed) -> Settled {
    let message = format!("{} workers died while they sent it", claimed.num_lost);
    let failure = Failure { class: FailureClass::Poison, code: "poison".to_owned(), message };
    Settled { state: NotificationState::Failed, retry_in: SignedDuration::ZERO, failure: Some(failure) }
}

fn report(notifier: &Notifier, claimed: &Claimed, settled: &Settled) {
    let (name, id) = (&notifier.name, &claimed.notification_id);
    match &settled.failure {
        None => tracing::info!(notifier = name, notification = id, "sent a notification"),
        Some(Failure { code, message, .. }) if settled.state == NotificationState::Failed => {
            tracing::error!(
                notifier = name,
                notification = id,
                code,
                "a notification failed for good: {message}; `forebay notify list` shows it"
            );
        }
        Some(Failure { code, message, .. }) => {
            tracing::warn!(notifier = name, notification = id, code, "a notification is retried: {message}");
        }
    }
}
