//! What waits to be sent: one row for each notification, claimed under a receipt and a lease, in order.
//!
//! Only the oldest open notification of a notifier can be claimed, so the end of an alert never comes before the alert.
//! A worker that dies leaves its claim to the lease, and the notification is then sent again with the same id.

use std::time::Duration;

use forebay_domain::{
    handoff::FailureClass,
    notify::{NotificationState, NotifierKind},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio_postgres::{
    GenericClient, Row,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    jobs::Receipt,
    row::{ReadRow, word},
};

/// A notification to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Its id, the same in every attempt.
    pub notification_id: String,
    /// The fencing token to report with.
    pub receipt: Receipt,
    /// What it says.
    pub content: Value,
    /// When it was decided.
    pub created_at: Timestamp,
    /// How long ago that was.
    pub age: SignedDuration,
    /// Number of attempts that ended before.
    pub num_attempts: u32,
    /// Number of attempts whose worker died.
    pub num_lost: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The new state.
    pub state: NotificationState,
    /// When it is sent again, if it is.
    pub retry_in: SignedDuration,
    /// What failed; `None`: it was accepted.
    pub failure: Option<Failure>,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub class: FailureClass,
    /// A stable word.
    pub code: String,
    /// A sentence without secrets.
    pub message: String,
}

/// A stored notification.
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationRow {
    /// Its id.
    pub notification_id: String,
    /// The project of its notifier; empty: none.
    pub project: String,
    /// Its notifier.
    pub notifier: String,
    /// The kind of the notifier.
    pub kind: NotifierKind,
    /// Its state.
    pub state: NotificationState,
    /// Whether a worker is sending it now.
    pub is_active: bool,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the next attempt is due; `None`: there is none.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was accepted or failed for good.
    pub settled_at: Option<Timestamp>,
    /// Number of attempts that ended.
    pub num_attempts: u32,
    /// What failed last.
    pub failure: Option<Failure>,
    /// What it says.
    pub content: Value,
}

/// Adds a notification. Returns its id.
pub async fn add(transaction: &impl GenericClient, notifier_id: i32, content: &Value) -> Result<String> {
    let statement = "insert into forebay.notifications (notifier_id, content) values ($1, $2) \
         returning notification_id::text as notification_id";
    let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&notifier_id, Type::INT4), (&content, Type::JSONB)];
    transaction.query_typed_one(statement, &parameters).await?.read("notification_id")
}

/// Whether a notifier has notifications that were not sent yet.
pub async fn is_waiting(client: &impl GenericClient, notifier_id: i32) -> Result<bool> {
    let statement = "select exists (select from forebay.notifications as n \
         where n.notifier_id = $1 and n.settled_at is null) as is_waiting";
    client.query_typed_one(statement, &[(&notifier_id, Type::INT4)]).await?.read("is_waiting")
}

/// Claims the oldest open notification of a notifier for `lease`, if it is due and no worker has it.
pub async fn claim(
    client: &impl GenericClient,
    notifier_id: i32,
    worker: &str,
    lease: Duration,
) -> Result<Option<Claimed>> {
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&notifier_id, Type::INT4), (&worker, Type::TEXT), (&lease.as_secs_f64(), Type::FLOAT8)];
    let rows = client.query_typed(include_str!("claim.sql"), &parameters).await?;
    rows.first()
        .map(|row| {
            let (created_at, now): (Timestamp, Timestamp) = (row.read("created_at")?, row.read("now")?);
            Ok(Claimed {
                notification_id: row.read("notification_id")?,
                receipt: row.read("receipt")?,
                content: row.read("content")?,
                created_at,
                age: now.duration_since(created_at),
                num_attempts: number(row, "num_attempts")?,
                num_lost: number(row, "num_lost")?,
            })
        })
        .transpose()
}

/// Ends an attempt. False: another worker has it since, and nothing was written.
pub async fn settle(
    client: &impl GenericClient,
    notification_id: &str,
    receipt: Receipt,
    settled: &Settled,
) -> Result<bool> {
    let failure = settled.failure.as_ref();
    let text = |text: &str| text.replace('\0', "\u{fffd}");
    let parameters: [(&(dyn ToSql + Sync), Type); 7] = [
        (&notification_id, Type::TEXT),
        (&receipt, Type::UUID),
        (&settled.state.as_str(), Type::TEXT),
        (&settled.retry_in.as_secs_f64(), Type::FLOAT8),
        (&failure.map(|failure| failure.class.as_str()), Type::TEXT),
        (&failure.map(|failure| text(&failure.code)), Type::TEXT),
        (&failure.map(|failure| text(&failure.message)), Type::TEXT),
    ];
    Ok(client.execute_typed(include_str!("settle.sql"), &parameters).await? > 0)
}

/// Gives back what a worker has claimed and won't send: the next one need not wait for the lease.
pub async fn release(client: &impl GenericClient, worker: &str) -> Result<u64> {
    let statement = "update forebay.notifications as n set receipt = null, lease_until = null \
         where n.worker = $1 and n.receipt is not null and n.settled_at is null";
    Ok(client.execute_typed(statement, &[(&worker, Type::TEXT)]).await?)
}

/// Lists notifications, newest first, at most `limit`: those that wait or failed, or all.
pub async fn list(client: &impl GenericClient, all: bool, limit: u32) -> Result<Vec<NotificationRow>> {
    let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&all, Type::BOOL), (&i64::from(limit), Type::INT8)];
    client.query_typed(include_str!("outbox.sql"), &parameters).await?.iter().map(listed).collect()
}

fn listed(row: &Row) -> Result<NotificationRow> {
    let class: Option<&str> = row.read("failure_class")?;
    let failure = match class {
        None => None,
        Some(class) => Some(Failure {
            class: word("failure_class", class)?,
            code: row.read::<Option<String>>("failure_code")?.unwrap_or_default(),
            message: row.read::<Option<String>>("last_error")?.unwrap_or_default(),
        }),
    };
    Ok(NotificationRow {
        notification_id: row.read("notification_id")?,
        project: row.read("project")?,
        notifier: row.read("name")?,
        kind: row.word("kind")?,
        state: row.word("state")?,
        is_active: row.read("is_active")?,
        created_at: row.read("created_at")?,
        next_attempt_at: row.read("next_attempt_at")?,
        settled_at: row.read("settled_at")?,
        num_attempts: number(row, "num_attempts")?,
        failure,
        content: row.read("content")?,
    })
}

fn number(row: &Row, column: &'static str) -> Result<u32> {
    Ok(u32::try_from(row.read::<i32>(column)?).unwrap_or_default())
}
