//! A change of one reference in one run.

use forebay_store::timeline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A change of one reference in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source.
    pub source: String,
    /// Its key in the source, at most 500 characters.
    pub record_key: String,
    /// The type of the record.
    pub entity_type: String,
    /// The kind of change. `added`: new, and still active. `updated`: changed content. `removed`: its source no longer
    /// has it. `restored`: it is back, with changed content if fields are named.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// When it was observed.
    pub changed_at: Time,
    /// The run that observed it.
    pub run_id: i64,
    /// The version after the change.
    pub version: i32,
    /// The names of fields that changed, at most 20.
    pub field_names: Vec<String>,
    /// Number of changed fields.
    pub num_fields: u32,
}

impl From<timeline::Change> for Change {
    fn from(change: timeline::Change) -> Self {
        Self {
            reference_id: change.reference_id.to_string(),
            source: change.source,
            record_key: change.record_key,
            entity_type: change.entity_type,
            change: change.change.as_str().to_owned(),
            changed_at: change.at.into(),
            run_id: change.run_id,
            version: change.version,
            field_names: change.fields,
            num_fields: change.num_fields.unsigned_abs(),
        }
    }
}
