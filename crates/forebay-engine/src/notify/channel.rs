//! The ways to a receiver, one file each. Each attempt opens its channel, so secrets are read when they are needed.

mod command;
mod email;
mod envelope;
mod slack;
mod webhook;

use jiff::Timestamp;

#[cfg(test)]
pub(super) use self::slack::body as slack_body;
use self::{command::Command, email::Email, slack::Slack, webhook::SignedPost};
use super::{
    alert::Notice,
    settings::{Notifier, NotifierError, Receiver},
};
use crate::work::event::Outcome;

/// A notification under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// Its id, the same in every attempt.
    pub(super) id: &'a str,
    /// When it was decided.
    pub(super) created_at: Timestamp,
    /// What it says.
    pub(super) notice: &'a Notice,
}

/// An attempt to send.
#[derive(Clone, Debug)]
pub struct Tried {
    pub(super) outcome: Outcome,
    /// What the receiver answered, without secrets; empty: nothing.
    pub answer: String,
}

impl Tried {
    /// What failed: a stable word and a sentence. `None`: the receiver accepted it.
    pub fn failure(&self) -> Option<(&str, &str)> {
        match &self.outcome {
            Outcome::Done => None,
            Outcome::Failed { reason_code, message, .. } => Some((reason_code, message)),
        }
    }
}

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
