//! Notifications: tell people what needs them, by webhook, Slack, e-mail or a command.
//!
//! A *notifier* is one receiver with its choice of events. Workers look at the database every few seconds: `observe`
//! finds what needs a person, the rule in `forebay_domain::notify` decides what is news, and `decide` stores the
//! notification in the transaction that remembers it as told. `send` delivers it at least once, retries for days, and
//! keeps the order of a notifier's notifications. Any number of workers share this work.
//!
//! Secrets are read from the worker's environment or files when something is sent. The database stores none.

mod alert;
mod channel;
mod decide;
mod observe;
mod send;
mod settings;
mod test_message;
#[cfg(test)]
mod tests;

pub use self::{
    alert::{Alert, AlertStatus, Notice},
    channel::Tried,
    settings::{
        CommandSettings, EmailSettings, Notifier, NotifierError, Notifying, Receiver, SmtpTls,
        WebhookSettings,
    },
    test_message::try_out,
};
pub(crate) use self::{decide::decide, send::send_due};
