//! The JSON Schema of `forebay.toml` (draft 2020-12), for completion and checks in editors.
//!
//! It is generated from the structs that read the file; their doc comments are its descriptions. `forebay config check`
//! also finds errors that a schema cannot express.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use super::Config;
use crate::cli::values::Share;

/// The schema of the whole file.
pub(crate) fn schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Config>();
    schema.insert("title".to_owned(), "forebay.toml".into());
    schema.to_value()
}

impl JsonSchema for Share {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}
