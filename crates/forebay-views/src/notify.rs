//! Notifiers and notifications.

use forebay_engine::notify::{Notice, Notifying, Tried};
use forebay_store::notifications::{NotifierRow, StoredAlert, outbox::NotificationRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The receivers of notifications, and the notifications that wait or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotifierList {
    /// The receivers, by project and name: those that workers have served, then those that only the configuration has.
    pub notifiers: Vec<NotifierState>,
    /// Notifications, newest first.
    pub notifications: Vec<Notification>,
}

/// A receiver of notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotifierState {
    /// Its name.
    pub notifier: String,
    /// The project that declares it; null: none.
    pub project: Option<String>,
    /// How it sends.
    #[schemars(schema_with = "crate::words::notifier_kind")]
    pub kind: String,
    /// Whether the configuration of this command declares it.
    pub is_declared: bool,
    /// When a worker last looked at its alerts; null: none has.
    pub observed_at: Option<Time>,
    /// The problems that hold now, as far as it reports them.
    pub firing: Vec<FiringAlert>,
    /// Number of notifications that wait to be sent.
    pub num_waiting: u64,
    /// When the oldest of them was decided; null: none waits.
    pub waiting_since: Option<Time>,
    /// Number of stored notifications that failed for good.
    pub num_failed: u64,
    /// When the receiver last accepted a notification; null: never.
    pub succeeded_at: Option<Time>,
    /// What fails now, as a stable word; null: the last notification was accepted, or there is none.
    pub failure_code: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
}

/// A problem that a receiver was told of, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FiringAlert {
    /// What happened.
    #[schemars(schema_with = "crate::words::notify_event")]
    pub event: String,
    /// What it is about.
    pub subject: String,
    /// Since when.
    pub since: Time,
    /// When a notification last said so; null: none has.
    pub told_at: Option<Time>,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notification {
    /// Its id, which the receiver gets.
    pub notification_id: String,
    /// The receiver.
    pub notifier: String,
    /// The project that declares the receiver; null: none.
    pub project: Option<String>,
    /// Its state. `active`: a worker is sending it.
    #[schemars(schema_with = "crate::words::notification_state")]
    pub state: String,
    /// What it says, in one line.
    pub title: String,
    /// Number of problems that it reports as new or persisting.
    pub num_firing: u64,
    /// Number of problems that it reports as over.
    pub num_resolved: u64,
    /// When it was decided.
    pub created_at: Time,
    /// When the next attempt is due; null: there is none.
    pub next_attempt_at: Option<Time>,
    /// When it was accepted or failed for good; null: it waits.
    pub settled_at: Option<Time>,
    /// Number of attempts that ended.
    pub num_attempts: u32,
    /// The class of the last failure; null: none has failed.
    #[schemars(schema_with = "crate::words::failure_class_or_null")]
    pub failure_class: Option<String>,
    /// What failed last, as a stable word; null: nothing has.
    pub failure_code: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
}

/// The result of trying a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotifierTest {
    /// The receiver.
    pub notifier: String,
    /// How it sends.
    #[schemars(schema_with = "crate::words::notifier_kind")]
    pub kind: String,
    /// Whether the receiver accepted the notification.
    pub is_delivered: bool,
    /// What it answered, without secrets; empty: nothing.
    pub answer: String,
    /// How long that took, in milliseconds.
    pub duration_ms: u64,
    /// What failed, as a stable word; null: nothing.
    pub failure_code: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
}

impl NotifierTest {
    /// The result of an attempt.
    pub fn new(notifier: &str, kind: &str, tried: Tried, duration_ms: u64) -> Self {
        let failure = tried.failure();
        let (failure_code, message) =
            (failure.map(|(code, _)| code.to_owned()), failure.map(|(_, message)| message.to_owned()));
        Self {
            notifier: notifier.to_owned(),
            kind: kind.to_owned(),
            is_delivered: failure.is_none(),
            answer: tried.answer,
            duration_ms,
            failure_code,
            message,
        }
    }
}

impl NotifierState {
    /// A receiver that workers have served, with its alerts.
    pub fn new(row: NotifierRow, alerts: Vec<StoredAlert>, notifying: &Notifying) -> Self {
        let project = notifying.project.as_deref().unwrap_or_default();
        let is_declared =
            row.project == project && notifying.notifiers.iter().any(|own| own.name == row.name);
        let firing = alerts.into_iter().filter(|alert| alert.state.is_firing);
        Self {
            is_declared,
            notifier: row.name,
            project: Some(row.project).filter(|project| !project.is_empty()),
            kind: row.kind.as_str().to_owned(),
            observed_at: row.observed_at.map(Time::from),
            firing: firing
                .map(|alert| FiringAlert {
                    event: alert.event.as_str().to_owned(),
                    subject: alert.subject,
                    since: alert.state.since.into(),
                    told_at: alert.state.told_at.map(Time::from),
                })
                .collect(),
            num_waiting: row.num_waiting,
            waiting_since: row.waiting_since.map(Time::from),
            num_failed: row.num_failed,
            succeeded_at: row.succeeded_at.map(Time::from),
            failure_code: row.failure_code,
            message: row.last_error,
        }
    }

    /// A receiver that no worker has served yet.
    pub fn unserved(notifier: &str, kind: &str, project: Option<&str>) -> Self {
        Self {
            notifier: notifier.to_owned(),
            project: project.map(str::to_owned),
            kind: kind.to_owned(),
            is_declared: true,
            observed_at: None,
            firing: Vec::new(),
            num_waiting: 0,
            waiting_since: None,
            num_failed: 0,
            succeeded_at: None,
            failure_code: None,
            message: None,
        }
    }
}

impl From<NotificationRow> for Notification {
    fn from(row: NotificationRow) -> Self {
        // A newer version may have written it.
        let notice = serde_json::from_value::<Notice>(row.content).ok();
        let state = if row.is_active { "active" } else { row.state.as_str() };
        let number = |number: Option<usize>| number.map_or(0, |number| number as u64);
        Self {
            notification_id: row.notification_id,
            notifier: row.notifier,
            project: Some(row.project).filter(|project| !project.is_empty()),
            state: state.to_owned(),
            num_firing: number(notice.as_ref().map(|notice| notice.num_firing)),
            num_resolved: number(notice.as_ref().map(|notice| notice.num_resolved)),
            title: notice.map(|notice| notice.title).unwrap_or_default(),
            created_at: row.created_at.into(),
            next_attempt_at: row.next_attempt_at.map(Time::from),
            settled_at: row.settled_at.map(Time::from),
            num_attempts: row.num_attempts,
            failure_class: row.failure.as_ref().map(|failure| failure.class.as_str().to_owned()),
            failure_code: row.failure.as_ref().map(|failure| failure.code.clone()),
            message: row.failure.map(|failure| failure.message),
        }
    }
}
