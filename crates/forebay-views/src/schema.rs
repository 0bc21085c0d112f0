//! The JSON Schema of a view.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

/// The schema of a view's output (draft 2020-12): every field is required, because a missing value is null.
pub fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
