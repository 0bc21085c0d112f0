//! References with shortened payloads, for readers with limited context.

use forebay_store::timeline::ActiveReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, reference::Reference, time::Time};

/// A reference whose payload and lineage may be shortened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReferenceExcerpt {
    /// The reference. Its version, hash and times are the current ones, even with `at`.
    pub reference: Reference,
    /// Its URI as an MCP resource, with up to 1 MiB of payload.
    pub uri: String,
    /// The time of the payload; null: now.
    pub at: Option<Time>,
    /// Whether part of the payload or lineage was left out.
    pub is_cut: bool,
    /// What was left out, and how to read it.
    pub notices: Vec<String>,
}

/// An active reference in a list, with a payload that may be shortened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordExcerpt {
    /// Its stable uuid.
    pub reference_id: String,
    /// The name of its source.
    pub source: String,
    /// Its key in the source.
    pub record_key: String,
    /// Its version, from 1.
    pub version: i32,
    /// When its last change was observed.
    pub changed_at: Time,
    /// The record itself, as an object. Long values are cut, and a record of more than 64 KiB is empty here.
    pub payload: Json,
    /// Whether part of the payload was left out.
    pub is_cut: bool,
}

impl RecordExcerpt {
    /// A reference with the shown part of its payload.
    pub fn new(row: ActiveReference, payload: Json, is_cut: bool) -> Self {
        Self {
            reference_id: row.reference_id.to_string(),
            source: row.source,
            record_key: row.record_key,
            version: row.version,
            changed_at: row.changed_at.into(),
            payload,
            is_cut,
        }
    }
}
