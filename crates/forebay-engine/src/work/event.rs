//! The input and output of a leased handler.
//!
//! The handler gets [`Event`]s and answers each with an [`Outcome`] as soon as it is known. The worker handles
//! jobs, leases and receipts. Delivery is at least once, so the [`id`](Event::id) of an event is the same for every
//! delivery.

use std::sync::OnceLock;

use forebay_domain::{
    handoff::{Change, FailureClass},
    identity::{ReferenceId, VersionHash},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use tracing::Span;

use super::trace;

/// One change of one reference.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The reference that changed.
    pub(super) reference_id: ReferenceId,
    /// Its source's name.
    pub(super) source: String,
    /// Its entity type, such as course or event.
    pub(super) entity_type: String,
    /// Its key in the source.
    pub(super) record_key: String,
    /// The change that was handed off.
    pub(super) change: Change,
    /// The content that was handed off.
    pub(super) payload_hash: VersionHash,
    /// Number of times that content was handed off, from 1.
    pub(super) generation: i32,
    /// The number of this attempt, from 1.
    pub(super) attempt: i32,
    /// The stored version.
    pub(super) version: i32,
    /// When that version, or its removal, was observed.
    pub(super) changed_at: Timestamp,
    /// The stored payload as JSON text; `None`: the reference was removed.
    pub(super) payload: Option<String>,
    /// What has to be added to this machine's clock for the database's time; zero unless it is far off.
    pub(super) skew: SignedDuration,
    /// The span of this attempt.
    pub(super) span: Span,
}

/// The outcome of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It was delivered.
    Done,
    /// It was not delivered.
    Failed {
        /// Decides what happens next.
        class: FailureClass,
        /// What failed, as a stable word.
        reason_code: String,
        /// What failed, as a sentence without anything from the payload.
        message: String,
        /// How long the target asks to wait; `None`: the policy decides.
        retry_after: Option<SignedDuration>,
    },
}

impl Event {
    /// The same for every delivery of this content, so a receiver can recognise repeated deliveries, whatever they were
    /// sent again for. A removal and a restoration keep the version but change its time.
    pub(super) fn id(&self) -> String {
        let removed = if self.payload.is_none() { "/removed" } else { "" };
        format!("{}/{}/{}{removed}", self.reference_id, self.version, self.changed_at.as_microsecond())
    }

    /// Reports the outcome in the span of this attempt.
    pub(super) fn trace(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Done => trace::delivered(&self.span),
            Outcome::Failed { class, reason_code, message, retry_after } => {
                trace::failed(&self.span, *class, reason_code, message, *retry_after);
            }
        }
    }
}

/// Why a delivery was dropped before its end, as a stable word; empty while it runs.
pub(super) type Dropped = OnceLock<&'static str>;

/// Takes the outcome of the event at a place in the batch.
pub(super) type Answer<'a> = dyn Fn(usize, Outcome) + Send + Sync + 'a;

impl Outcome {
    /// A failure for which the policy decides when to retry.
    pub(crate) fn failed(class: FailureClass, reason_code: &str, message: impl Into<String>) -> Self {
        Self::Failed {
            class,
            reason_code: reason_code.to_owned(),
            message: message.into(),
            retry_after: None,
        }
    }
}

/// A JSON object as text, with one more member that is JSON text already: payloads are sent byte for byte, so numbers
/// keep their digits.
pub(crate) fn object_with(members: Map<String, Value>, name: &str, json: &str) -> String {
    let mut text = Value::Object(members).to_string();
    text.pop();
    let comma = if text.len() > 1 { "," } else { "" };
    text.push_str(comma);
    text.push_str(&Value::from(name).to_string());
    text.push(':');
    text.push_str(json);
    text.push('}');
    text
}

/// The longest wait that a target can request.
const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A wait between zero and a day.
pub(crate) fn bounded(retry_after: SignedDuration) -> SignedDuration {
    retry_after.clamp(SignedDuration::ZERO, MAX_RETRY_AFTER)
}

/// The first `limit` characters of a response or output, on one line and without control characters.
pub(crate) fn printable(bytes: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(limit).collect()
}
