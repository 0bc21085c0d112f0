//! The ways to a receiver, one file each. Each attempt opens its channel, so secrets are read when they are needed.

mod command;
mod email;
mod envelope;
mod message;
mod slack;
mod webhook;

pub(super) use self::message::Message;
pub use self::message::Tried;
#[cfg(test)]
pub(super) use self::slack::body as slack_body;
use self::{command::Command, email::Email, slack::Slack, webhook::SignedPost};
use super::settings::{Notifier, NotifierError, Receiver};

/// An open way to a receiver.
#[derive(Debug)]
pub(super) enum Channel {
    Webhook(SignedPost),
    Slack(Slack),
    Email(Email),
    Command(Command),
}

impl Channel {
    /// Checks the settings without reading secrets.
    pub(super) fn check(notifier: &Notifier) -> Result<(), NotifierError> {
        match &notifier.receiver {
            Receiver::Webhook(settings) | Receiver::Slack(settings) => webhook::check(notifier, settings),
            Receiver::Email(settings) => email::check(notifier, settings),
            Receiver::Command(settings) => command::check(notifier, settings),
        }
    }

    /// Reads the secrets. Sends nothing yet.
    pub(super) fn open(notifier: &Notifier) -> Result<Self, NotifierError> {
        Ok(match &notifier.receiver {
            Receiver::Webhook(settings) => Self::Webhook(SignedPost::open(notifier, settings)?),
            Receiver::Slack(settings) => Self::Slack(Slack::open(notifier, settings)?),
            Receiver::Email(settings) => Self::Email(Email::open(notifier, settings)?),
            Receiver::Command(settings) => Self::Command(Command::open(notifier, settings)?),
        })
    }

    /// Sends a notification.
    pub(super) async fn send(&self, message: &Message<'_>) -> Tried {
        match self {
            Self::Webhook(post) => post.send(message.id, envelope::json(message), envelope::MEDIA_TYPE).await,
            Self::Slack(slack) => slack.send(message).await,
            Self::Email(email) => email.send(message).await,
            Self::Command(command) => command.run(message).await,
        }
    }
}

impl Notifier {
    /// Checks the settings without reading secrets.
    pub fn check(&self) -> Result<(), NotifierError> {
        Channel::check(self)
    }
}
