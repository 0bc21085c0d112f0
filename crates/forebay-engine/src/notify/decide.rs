//! Compares the alerts of a notifier with the database, and stores a notification of what is news.

use std::{collections::BTreeSet, time::Duration};

use forebay_domain::notify::{AlertKey, AlertState, Grouping, Memory, NotifyEvent, Observation, Told, step};
use forebay_store::{
    connect::Database,
    notifications::{self, StoredAlert, outbox},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    alert::{Alert, AlertStatus, Notice},
    observe::{Found, observe},
    settings::{Notifier, Notifying},
};
use crate::error::Result;

/// Compares the alerts of a notifier with the database, unless another worker does it, or did it a moment ago. What is
/// news is stored as a notification, in the transaction that remembers it as told. Returns the id of the notification.
///
/// `at_once`: everything found now is one group, because there is no later comparison.
pub(crate) async fn decide(
    database: &Database,
    notifying: &Notifying,
    notifier: &Notifier,
    notifier_id: i32,
    at_once: bool,
) -> Result<Option<String>> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let own: &tokio_postgres::Transaction<'_> = &transaction;
    let every = if at_once { Duration::ZERO } else { notifying.every };
    let Some(now) = notifications::begin(own, notifier_id, every).await? else { return Ok(None) };
    let stored = notifications::alerts(own, notifier_id).await?;
    let found = observe(own, notifying, notifier, now).await?;
    let memory: Memory = stored.iter().map(|alert| (key(alert), alert.state)).collect();
    let seen = Observation {
        firing: found.alerts.iter().map(|(key, alert)| (key.clone(), alert.since)).collect(),
        gone: gone(notifier, &stored, &found),
        is_waiting: outbox::is_waiting(own, notifier_id).await?,
    };
    let group_wait = if at_once { SignedDuration::ZERO } else { notifier.group_wait };
    let grouping = Grouping { group_wait, repeat_after: notifier.repeat_after };
    let (next, told) = step(&memory, &seen, &grouping, now);
    let contents = |key: &AlertKey| {
        let stored = || stored.iter().find(|alert| self::key(alert) == *key).map(|alert| alert.alert.clone());
        found.alerts.get(key).map(|alert| json!(alert)).or_else(stored).unwrap_or(Value::Null)
    };
    let remembered: Vec<StoredAlert> =
        next.iter().map(|(key, state)| remember(key, *state, contents(key))).collect();
    notifications::replace_alerts(own, notifier_id, &remembered).await?;
    let alerts = alerts(notifier, &told, &contents, now);
    let id = if alerts.is_empty() {
        None
    } else {
        let notice = Notice::new(&notifier.name, notifying.project.as_deref(), alerts);
        Some(outbox::add(own, notifier_id, &json!(notice)).await?)
    };
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(id)
}

fn key(alert: &StoredAlert) -> AlertKey {
    (alert.event, alert.subject.clone())
}

fn remember((event, subject): &AlertKey, state: AlertState, alert: Value) -> StoredAlert {
    StoredAlert { event: *event, subject: subject.clone(), state, alert }
}

/// Dead workers whose rows were deleted after a day, because they did not come back; and alerts about sources that the
/// notifier no longer covers.
fn gone(notifier: &Notifier, stored: &[StoredAlert], found: &Found) -> BTreeSet<AlertKey> {
    let is_gone = |alert: &&StoredAlert| {
        let is_worker_gone =
            alert.event == NotifyEvent::WorkerGone && !found.workers.contains(&alert.subject);
        is_worker_gone || !notifier.covers(alert.alert["source"].as_str())
    };
    stored.iter().filter(is_gone).map(key).collect()
}

/// The alerts to tell, as far as the notifier reports them.
fn alerts(
    notifier: &Notifier,
    told: &Told,
    contents: &dyn Fn(&AlertKey) -> Value,
    now: Timestamp,
) -> Vec<Alert> {
    let with = |keys: &[AlertKey], status: AlertStatus| -> Vec<Alert> {
        let alerts = keys.iter().filter_map(|key| serde_json::from_value::<Alert>(contents(key)).ok());
        alerts.map(|alert| Alert { status, ..alert }).collect()
    };
    let mut alerts = with(&told.firing, AlertStatus::Firing);
    alerts.extend(with(&told.repeated, AlertStatus::Repeated));
    for alert in with(&told.resolved, AlertStatus::Resolved) {
        let event = alert.event.at_end();
        // Closing a breaker is an event of its own.
        if notifier.resolved || event != alert.event && notifier.events.contains(&event) {
            alerts.push(Alert { event, resolved_at: Some(now), ..alert });
        }
    }
    alerts.retain(|alert| notifier.reports(alert.event));
    alerts
}
