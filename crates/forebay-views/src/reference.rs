//! A reference, in full and in short.

use forebay_engine::{Result, payload::Canonical};
use forebay_store::history::ReferenceRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, time::Time, words::ReferenceState};

/// A reference in short: its name and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReferenceSummary {
    /// Its stable uuid.
    pub reference_id: String,
    /// The name of its source.
    pub source: String,
    /// Its key in the source; SOURCE/KEY is another name of the reference.
    pub record_key: String,
    /// The type of the record.
    pub entity_type: String,
    /// The scope that it belongs to, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// Whether its source still has it. `removed`: it is a tombstone, and its payload is the last one.
    #[schemars(schema_with = "crate::words::reference_state")]
    pub state: String,
    /// Its version, from 1.
    pub version: i32,
    /// SHA-256 of its content, in hexadecimal.
    pub version_hash: String,
    /// When its last change was observed.
    pub changed_at: Time,
    /// When it was observed to be removed; null: it is active.
    pub removed_at: Option<Time>,
}

/// A reference in full, the durable row of one record: the fields of its summary, and these.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// The reference in short.
    #[serde(flatten)]
    pub summary: ReferenceSummary,
    /// When it was first observed.
    pub first_seen_at: Time,
    /// The run that added it.
    pub first_seen_run_id: i64,
    /// The run that last wrote it.
    pub scrape_run_id: i64,
    /// The origin of this version, as an object: page, line, when it was fetched, earlier keys.
    pub lineage: Json,
    /// The record itself, as an object.
    pub payload: Json,
}

impl From<&ReferenceRow> for ReferenceSummary {
    fn from(row: &ReferenceRow) -> Self {
        let state = if row.removed_at.is_some() { ReferenceState::Removed } else { ReferenceState::Active };
        Self {
            reference_id: row.reference_id.to_string(),
            source: row.source.clone(),
            record_key: row.record_key.clone(),
            entity_type: row.entity_type.clone(),
            scope: row.scope.clone(),
            state: state.as_str().to_owned(),
            version: row.version,
            version_hash: row.version_hash.to_string(),
            changed_at: row.changed_at.into(),
            removed_at: row.removed_at.map(Time::from),
        }
    }
}

impl Reference {
    /// A reference with its lineage and payload in canonical form.
    ///
    /// # Errors
    /// A stored value is not JSON.
    pub fn canonical(row: &ReferenceRow, canonical: &mut Canonical) -> Result<Self> {
        let lineage = Json::canonical(&row.lineage, canonical)?;
        let payload = Json::canonical(&row.payload, canonical)?;
        Ok(Self::new(row, lineage, payload))
    }

    /// A reference with its lineage and payload, which the caller converts to the form for output.
    pub fn new(row: &ReferenceRow, lineage: Json, payload: Json) -> Self {
        Self {
            summary: ReferenceSummary::from(row),
            first_seen_at: row.first_seen_at.into(),
            first_seen_run_id: row.first_seen_run_id,
            scrape_run_id: row.scrape_run_id,
            lineage,
            payload,
        }
    }
}
