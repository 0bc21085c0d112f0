//! Notifications: which alerts to tell a receiver now, and whether a failed notification is sent again.
//!
//! An alert is a condition that holds for a while, such as a held run. Each receiver (a *notifier*) has its own memory
//! of alerts ([`Memory`]): what holds since when, and what it was told. [`step`] compares it with what was observed.

mod retry;
mod step;
#[cfg(test)]
mod tests;
mod words;

pub use self::{
    retry::{AfterFailure, after_failure, after_loss},
    step::{AlertKey, AlertState, Grouping, Memory, Observation, Told, step},
    words::{NotificationState, NotifierKind, NotifyEvent},
};
