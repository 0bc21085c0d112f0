//! The log of webhooks' requests: when each was sent, how long it took, and how the endpoint responded.
//!
//! It is written in batches, apart from the reports of attempts. Nothing reads it to decide anything.

use std::time::Duration;

use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    maintenance::{Expiring, Mode},
    row::ReadRow,
    types::SqlId,
};

const ADD: &str = include_str!("deliveries/add.sql");
const LIST: &str = include_str!("deliveries/list.sql");

/// A request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The pipeline that sent it.
    pub pipeline: String,
    /// The reference that was sent.
    pub reference_id: ReferenceId,
    /// The id of the event.
    pub event_id: String,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// When it was sent, by the clock of the worker.
    pub sent_at: Timestamp,
    /// How long the endpoint took to respond.
    pub duration: Duration,
    /// The status of the response; `None`: there was none.
    pub http_status: Option<u16>,
    /// What failed; `None`: it was delivered.
    pub failure_code: Option<String>,
    /// The start of the body of the response.
    pub response: String,
}

/// A stored one, with the name of its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Newer ones have higher ids.
    pub delivery_id: i64,
    /// The source of the reference; `None`: it was deleted.
    pub source: Option<String>,
    /// Its key; `None`: it was deleted.
    pub record_key: Option<String>,
    /// The delivery.
    pub delivery: Delivery,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only of this pipeline.
    pub pipeline: Option<String>,
    /// Only of this reference.
    pub reference_id: Option<ReferenceId>,
    /// Only those that failed.
    pub only_failed: bool,
    /// Only those sent at this time or later.
    pub since: Option<Timestamp>,
    /// Only older ones than the one with this time and id.
    pub before: Option<(Timestamp, i64)>,
    /// Maximum number, newest first.
    pub limit: i64,
}

/// Adds deliveries in one statement. Those of a pipeline that is gone are left out.
pub async fn add(client: &impl GenericClient, deliveries: &[Delivery]) -> Result<()> {
    let pipelines: Vec<&str> = deliveries.iter().map(|one| one.pipeline.as_str()).collect();
    let ids: Vec<SqlId> = deliveries.iter().map(|one| SqlId(one.reference_id)).collect();
    let events: Vec<&str> = deliveries.iter().map(|one| one.event_id.as_str()).collect();
    let attempts: Vec<i32> = deliveries.iter().map(|one| one.attempt).collect();
    let times: Vec<Timestamp> = deliveries.iter().map(|one| one.sent_at).collect();
    let durations: Vec<i64> =
        deliveries.iter().map(|one| i64::try_from(one.duration.as_millis()).unwrap_or(i64::MAX)).collect();
    let statuses: Vec<Option<i32>> = deliveries.iter().map(|one| one.http_status.map(i32::from)).collect();
    let codes: Vec<Option<&str>> = deliveries.iter().map(|one| one.failure_code.as_deref()).collect();
    // Postgres stores no zero character.
    let responses: Vec<String> =
        deliveries.iter().map(|one| one.response.replace('\0', "\u{fffd}")).collect();
    client
        .execute_typed(
            ADD,
            &[
                (&pipelines, Type::TEXT_ARRAY),
                (&ids, Type::UUID_ARRAY),
                (&events, Type::TEXT_ARRAY),
                (&attempts, Type::INT4_ARRAY),
                (&times, Type::TIMESTAMPTZ_ARRAY),
                (&durations, Type::INT8_ARRAY),
                (&statuses, Type::INT4_ARRAY),
                (&codes, Type::TEXT_ARRAY),
                (&responses, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Lists deliveries, newest first.
pub async fn list(client: &impl GenericClient, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>> {
    let before = filter.before;
    let rows = client
        .query_typed(
            LIST,
            &[
                (&filter.pipeline, Type::TEXT),
                (&filter.reference_id.map(SqlId), Type::UUID),
                (&filter.only_failed, Type::BOOL),
                (&filter.since, Type::TIMESTAMPTZ),
                (&before.map(|place| place.0), Type::TIMESTAMPTZ),
                (&before.map(|place| place.1), Type::INT8),
                (&filter.limit, Type::INT8),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(DeliveryRow {
                delivery_id: row.read("delivery_id")?,
                source: row.read("source")?,
                record_key: row.read("record_key")?,
                delivery: Delivery {
                    pipeline: row.read("pipeline")?,
                    reference_id: row.read::<SqlId>("reference_id")?.0,
                    event_id: row.read("event_id")?,
                    attempt: row.read("attempt")?,
                    sent_at: row.read("sent_at")?,
                    duration: Duration::from_millis(row.count("duration_ms")?),
                    http_status: row.read::<Option<i32>>("http_status")?.and_then(|s| u16::try_from(s).ok()),
                    failure_code: row.read("failure_code")?,
                    response: row.read("response")?,
                },
            })
        })
        .collect()
}

/// Deletes or counts the deliveries that were sent longer ago than `retention`.
pub async fn prune(client: &impl GenericClient, retention: Duration, mode: Mode) -> Result<u64> {
    let expiring = Expiring {
        table: "forebay.ingestion_deliveries",
        is_expired: "t.sent_at < now() - make_interval(secs => $1)",
        age: "sent_at",
    };
    expiring.prune(client, retention, mode).await
}
