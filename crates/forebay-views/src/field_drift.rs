//! A field whose shape changed.

use forebay_domain::drift::{Drift, JsonType, TypeSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field whose shape differs from that of the last good runs of its scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldDrift {
    /// The top-level field.
    pub field_name: String,
    /// `new`: the good runs had no value for it. `lost`: this run has none. `retyped`: its values have a new type.
    /// `wrong_type`: some are not of the type that the entity type declares. `missing`: required, and some records have
    /// no value.
    #[schemars(schema_with = "crate::words::drift_change")]
    pub change: String,
    /// The JSON types of its values in the good runs.
    #[schemars(schema_with = "crate::words::json_types")]
    pub old_types: Vec<String>,
    /// The JSON types of its values in this run.
    #[schemars(schema_with = "crate::words::json_types")]
    pub new_types: Vec<String>,
}

impl From<Drift> for FieldDrift {
    fn from(drift: Drift) -> Self {
        let types = |set: TypeSet| set.iter().map(JsonType::as_str).map(str::to_owned).collect();
        Self {
            field_name: drift.field_name,
            change: drift.change.as_str().to_owned(),
            old_types: types(drift.old_types),
            new_types: types(drift.new_types),
        }
    }
}
