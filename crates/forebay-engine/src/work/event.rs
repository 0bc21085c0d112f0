//! What crosses to a handler whose effect is outside of the database, and what it answers.
//!
//! Such a handler gets a batch of [`Event`]s and answers each with an [`Outcome`], in the same order. It knows nothing
//! of jobs, leases and receipts: those are the worker's. Delivery is at least once, so an event has an
//! [`id`](Event::id) that stays the same however often it is delivered.

use forebay_domain::{
    handoff::{Change, FailureClass},
    identity::{ReferenceId, VersionHash},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// One change of one reference.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// What changed.
    pub(super) reference_id: ReferenceId,
    /// Its source's name.
    pub(super) source: String,
    /// What it is (course, event, …).
    pub(super) entity_type: String,
    /// Its key in the source.
    pub(super) record_key: String,
    /// What happened to it when it was handed off.
    pub(super) change: Change,
    /// The content that was handed off.
    pub(super) payload_hash: VersionHash,
    /// How often that content was handed off, from 1.
    pub(super) generation: i32,
    /// Which try this is, from 1.
    pub(super) attempt: i32,
    /// The version that is stored now.
    pub(super) version: i32,
    /// When that version, or its removal, was observed.
    pub(super) changed_at: Timestamp,
    /// What is stored now, as JSON text; None: the reference is gone.
    pub(super) payload: Option<String>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It is carried out.
    Done,
    /// It is not.
    Failed {
        /// Decides what happens next.
        class: FailureClass,
        /// What failed, as a stable word.
        reason_code: String,
        /// What failed, as a sentence without anything from the payload.
        message: String,
        /// When the other side wants to be asked again; None: as the policy says.
        retry_after: Option<SignedDuration>,
    },
}

impl Event {
    /// The same for every delivery of this content: what a receiver tells repeated deliveries by.
    pub(super) fn id(&self) -> String {
        format!("{}/{}/{}", self.reference_id, self.payload_hash, self.generation)
    }
}

impl Outcome {
    /// A failure without a time to come back.
    pub(super) fn failed(class: FailureClass, reason_code: &str, message: impl Into<String>) -> Self {
        Self::Failed {
            class,
            reason_code: reason_code.to_owned(),
            message: message.into(),
            retry_after: None,
        }
    }
}

/// A JSON object as text, with one more member that is JSON text already: payloads go out byte for byte, so numbers
/// keep their digits.
pub(super) fn object_with(members: Map<String, Value>, name: &str, json: &str) -> String {
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

/// The longest time to come back that is taken from the other side.
const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A time to come back, kept between nothing and a day.
pub(super) fn bounded(retry_after: SignedDuration) -> SignedDuration {
    retry_after.clamp(SignedDuration::ZERO, MAX_RETRY_AFTER)
}

/// The first `limit` characters of what the other side said, on one line and without control characters.
pub(super) fn printable(bytes: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(limit).collect()
}
