//! Tries a notifier with a made-up notification, without the database.

use forebay_domain::notify::NotifyEvent;

use super::{
    alert::{Alert, AlertStatus, Notice},
    channel::{Channel, Message, Tried},
    settings::{Notifier, NotifierError, Notifying},
};
use crate::clock;

/// Sends one made-up notification now. Error: a setting is wrong, or a secret can't be read.
pub async fn try_out(notifying: &Notifying, notifier: &Notifier) -> Result<Tried, NotifierError> {
    let now = clock::now();
    let alert = Alert {
        status: AlertStatus::Firing,
        event: NotifyEvent::RunHeld,
        subject: "run 0".to_owned(),
        source: None,
        title: format!("a test of the notifier {}", notifier.name),
        detail: "Nothing is wrong. `forebay notify test` sent this.".to_owned(),
        reason_code: None,
        since: now,
        resolved_at: None,
        link: notifying.public_url.as_ref().map(ToString::to_string),
        next_command: "forebay doctor".to_owned(),
    };
    let notice = Notice::new(&notifier.name, notifying.project.as_deref(), vec![alert]);
    let notice = Notice { is_test: true, ..notice };
    let id = format!("test-{:016x}", clock::random_seed());
    let message = Message { id: &id, created_at: now, notice: &notice };
    Ok(Channel::open(notifier)?.send(&message).await)
}
