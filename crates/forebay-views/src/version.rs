//! The history of a reference, field by field.

use forebay_domain::handoff;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, time::Time, words::FieldChangeKind};

/// A new version of a reference, a removal or a restoration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// When it was observed.
    pub changed_at: Time,
    /// The run that observed it.
    pub run_id: i64,
    /// The kind of change. `added`: new. `updated`: changed content. `removed`: its source no longer had it.
    /// `restored`: it is back.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// The version after the change; a removal or restoration alone does not change it.
    pub version: i32,
    /// The fields that changed, by name; empty unless `updated`.
    pub fields: Vec<FieldChange>,
}

/// A field that changed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The top-level field.
    pub field_name: String,
    /// `added`: it was absent before. `removed`: it is absent now. `updated`: its value changed.
    #[schemars(schema_with = "crate::words::field_change")]
    pub change: String,
    /// The value before; also null if the field was absent (see `change`).
    pub old: Option<Json>,
    /// The value after; also null if the field is absent (see `change`).
    pub new: Option<Json>,
    /// Whether a value was too long for this answer and was cut to the start of its JSON text.
    pub is_cut: bool,
}

impl Version {
    /// A change at a time, with the changed fields.
    pub fn new(
        at: Timestamp,
        run_id: i64,
        change: handoff::Change,
        version: i32,
        fields: Vec<FieldChange>,
    ) -> Self {
        Self { changed_at: at.into(), run_id, change: change.as_str().to_owned(), version, fields }
    }
}

impl FieldChange {
    /// A change from one value to another; `None`: the field was or is absent.
    pub fn new(field_name: String, old: Option<Json>, new: Option<Json>, is_cut: bool) -> Self {
        let change = match (&old, &new) {
            (None, Some(_)) => FieldChangeKind::Added,
            (Some(_), None) => FieldChangeKind::Removed,
            _ => FieldChangeKind::Updated,
        };
        Self { field_name, change: change.as_str().to_owned(), old, new, is_cut }
    }
}
