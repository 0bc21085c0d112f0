//! Deliveries of webhooks.

use forebay_store::deliveries::DeliveryRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A request of a webhook and its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source; null: the reference was deleted for good.
    pub source: Option<String>,
    /// Its key in the source; null: the reference was deleted for good.
    pub record_key: Option<String>,
    /// The id of the event, as sent in the header `webhook-id`.
    pub event_id: String,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// When it was sent, by the clock of the worker.
    pub sent_at: Time,
    /// How long the endpoint took to respond, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status of the response; null: there was none.
    pub http_status: Option<u16>,
    /// What failed, as a stable word; null: it was delivered.
    pub failure_code: Option<String>,
    /// The first 512 characters of the body of the response, without secrets.
    pub response: String,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        let DeliveryRow { delivery_id: _, source, record_key, delivery } = row;
        Self {
            pipeline: delivery.pipeline,
            reference_id: delivery.reference_id.to_string(),
            source,
            record_key,
            event_id: delivery.event_id,
            attempt: delivery.attempt,
            sent_at: delivery.sent_at.into(),
            duration_ms: u64::try_from(delivery.duration.as_millis()).unwrap_or(u64::MAX),
            http_status: delivery.http_status,
            failure_code: delivery.failure_code,
            response: delivery.response,
        }
    }
}
