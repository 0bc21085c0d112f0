//! Notifications: the receivers, the alerts that each was told of, and what waits to be sent.
//!
//! [`begin`] locks a notifier until the end of the transaction, so one of all workers compares its alerts with what it
//! observes ([`facts`]), and each notification is made once. [`outbox`] sends it at least once.

pub mod facts;
pub mod outbox;

use std::time::Duration;

use forebay_domain::{
    notify::{AlertState, NotifierKind, NotifyEvent},
    words::Word,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    maintenance::{Expiring, Mode},
    row::ReadRow,
};

/// An alert of a notifier.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAlert {
    /// What happened.
    pub event: NotifyEvent,
    /// What it is about.
    pub subject: String,
    /// What is known of it.
    pub state: AlertState,
    /// What the notification says about it.
    pub alert: Value,
}

/// A notifier, and how it is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct NotifierRow {
    /// Its id.
    pub notifier_id: i32,
    /// Its project; empty: none.
    pub project: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: NotifierKind,
    /// When a worker last compared its alerts with the database.
    pub observed_at: Option<Timestamp>,
    /// Number of alerts that hold.
    pub num_firing: u64,
    /// Number of notifications that wait.
    pub num_waiting: u64,
    /// When the oldest of them was decided.
    pub waiting_since: Option<Timestamp>,
    /// Number of notifications that failed for good and are still stored.
    pub num_failed: u64,
    /// When the receiver last accepted one.
    pub succeeded_at: Option<Timestamp>,
    /// When one last failed for good.
    pub failed_at: Option<Timestamp>,
    /// What failed last, of the oldest that waits or the newest that failed; `None`: the last one was accepted.
    pub failure_code: Option<String>,
    /// The same as a sentence.
    pub last_error: Option<String>,
}

/// Finds or creates a notifier. Returns its id.
pub async fn declare(
    client: &impl GenericClient,
    project: &str,
    name: &str,
    kind: NotifierKind,
) -> Result<i32> {
    let known = "select n.notifier_id from forebay.notifiers as n \
         where n.project = $1 and n.name = $2 and n.kind = $3";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&project, Type::TEXT), (&name, Type::TEXT), (&kind.as_str(), Type::TEXT)];
    if let Some(row) = client.query_typed(known, &parameters).await?.first() {
        return row.read("notifier_id");
    }
    let create = "insert into forebay.notifiers as n (project, name, kind) values ($1, $2, $3) \
         on conflict (project, name) do update set kind = excluded.kind returning n.notifier_id";
    client.query_typed_one(create, &parameters).await?.read("notifier_id")
}

/// Locks a notifier until the end of the transaction, if its alerts should be compared now: the last comparison is
/// `every` ago, or a run was held or a breaker changed since. Returns the database's time; `None`: not now, or another
/// worker does it.
pub async fn begin(
    transaction: &impl GenericClient,
    notifier_id: i32,
    every: Duration,
) -> Result<Option<Timestamp>> {
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&notifier_id, Type::INT4), (&every.as_secs_f64(), Type::FLOAT8)];
    let rows = transaction.query_typed(include_str!("notifications/begin.sql"), &parameters).await?;
    rows.first().map(|row| row.read("now")).transpose()
}

/// The alerts of a notifier.
pub async fn alerts(client: &impl GenericClient, notifier_id: i32) -> Result<Vec<StoredAlert>> {
    let statement = "select a.event, a.subject, a.since, a.changed_at, a.is_firing, a.told_at, a.alert \
         from forebay.notifier_alerts as a where a.notifier_id = $1 order by a.event, a.subject";
    let rows = client.query_typed(statement, &[(&notifier_id, Type::INT4)]).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredAlert {
                event: row.word("event")?,
                subject: row.read("subject")?,
                state: AlertState {
                    since: row.read("since")?,
                    changed_at: row.read("changed_at")?,
                    is_firing: row.read("is_firing")?,
                    told_at: row.read("told_at")?,
                },
                alert: row.read("alert")?,
            })
        })
        .collect()
}

/// Replaces the alerts of a notifier. Unchanged ones are not written.
pub async fn replace_alerts(
    transaction: &impl GenericClient,
    notifier_id: i32,
    alerts: &[StoredAlert],
) -> Result<()> {
    let events: Vec<&str> = alerts.iter().map(|alert| alert.event.word()).collect();
    let subjects: Vec<&str> = alerts.iter().map(|alert| alert.subject.as_str()).collect();
    let since: Vec<Timestamp> = alerts.iter().map(|alert| alert.state.since).collect();
    let changed: Vec<Timestamp> = alerts.iter().map(|alert| alert.state.changed_at).collect();
    let told: Vec<Option<Timestamp>> = alerts.iter().map(|alert| alert.state.told_at).collect();
    let firing: Vec<bool> = alerts.iter().map(|alert| alert.state.is_firing).collect();
    let contents: Vec<&Value> = alerts.iter().map(|alert| &alert.alert).collect();
    let delete = "delete from forebay.notifier_alerts as a \
         where a.notifier_id = $1 and not exists ( \
             select from unnest($2, $3) as k (event, subject) where k.event = a.event and k.subject = a.subject)";
    transaction
        .execute_typed(
            delete,
            &[(&notifier_id, Type::INT4), (&events, Type::TEXT_ARRAY), (&subjects, Type::TEXT_ARRAY)],
        )
        .await?;
    transaction
        .execute_typed(
            include_str!("notifications/write_alerts.sql"),
            &[
                (&notifier_id, Type::INT4),
                (&events, Type::TEXT_ARRAY),
                (&subjects, Type::TEXT_ARRAY),
                (&since, Type::TIMESTAMPTZ_ARRAY),
                (&changed, Type::TIMESTAMPTZ_ARRAY),
                (&told, Type::TIMESTAMPTZ_ARRAY),
                (&firing, Type::BOOL_ARRAY),
                (&contents, Type::JSONB_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// All notifiers, by project and name.
pub async fn list(client: &impl GenericClient) -> Result<Vec<NotifierRow>> {
    let rows = client.query_typed(include_str!("notifications/list.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(NotifierRow {
                notifier_id: row.read("notifier_id")?,
                project: row.read("project")?,
                name: row.read("name")?,
                kind: row.word("kind")?,
                observed_at: row.read("observed_at")?,
                num_firing: row.count("num_firing")?,
                num_waiting: row.count("num_waiting")?,
                waiting_since: row.read("waiting_since")?,
                num_failed: row.count("num_failed")?,
                succeeded_at: row.read("succeeded_at")?,
                failed_at: row.read("failed_at")?,
                failure_code: row.read("failure_code")?,
                last_error: row.read("last_error")?,
            })
        })
        .collect()
}

/// Deletes, or counts, settled notifications past their retention, and notifiers that no worker has worked for as long.
/// Returns their number.
pub async fn prune(client: &impl GenericClient, retention: Duration, mode: Mode) -> Result<u64> {
    let settled = Expiring {
        table: "forebay.notifications",
        is_expired: "t.settled_at < now() - make_interval(secs => $1)",
        age: "settled_at",
    };
    let unused = Expiring {
        table: "forebay.notifiers",
        is_expired: "coalesce(t.observed_at, t.created_at) < now() - make_interval(secs => $1)",
        age: "created_at",
    };
    Ok(settled.prune(client, retention, mode).await? + unused.prune(client, retention, mode).await?)
}

/// Records what a complete check of a pipeline found. Without a finding, the earlier one is over.
pub async fn note_conservation(
    client: &impl GenericClient,
    pipeline_id: i32,
    num_wrong: u64,
    num_repaired: u64,
) -> Result<()> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (num_wrong, num_repaired) = (number(num_wrong), number(num_repaired));
    if num_wrong == 0 {
        let statement = "delete from forebay.conservation_findings where pipeline_id = $1";
        client.execute_typed(statement, &[(&pipeline_id, Type::INT4)]).await?;
        return Ok(());
    }
    let statement = "insert into forebay.conservation_findings (pipeline_id, num_wrong, num_repaired) values ($1, $2, $3) \
         on conflict (pipeline_id) do update \
         set checked_at = now(), num_wrong = excluded.num_wrong, num_repaired = excluded.num_repaired";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&pipeline_id, Type::INT4), (&num_wrong, Type::INT8), (&num_repaired, Type::INT8)];
    client.execute_typed(statement, &parameters).await?;
    Ok(())
}
