//! What one run did to one reference.

use forebay_store::timeline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// What one run did to one reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source.
    pub source: String,
    /// Its key in the source, at most 500 characters.
    pub record_key: String,
    /// What kind of thing it is.
    pub entity_type: String,
    /// What happened. `added`: first seen, and still there. `updated`: its content changed. `removed`: its source no
    /// longer has it. `restored`: it came back, with other content if fields are named.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// When it was observed.
    pub changed_at: Time,
    /// The run that observed it.
    pub run_id: i64,
    /// The version from then on.
    pub version: i32,
    /// The names of fields that changed, at most 20.
    pub field_names: Vec<String>,
    /// How many fields changed.
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
