//! What a configuration declares.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A configuration that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigCheck {
    /// The configuration file.
    pub path: String,
    /// The sources that it declares, by name.
    pub sources: Vec<DeclaredSource>,
    /// The pipelines that it declares, by name.
    pub pipelines: Vec<Pipeline>,
}

/// A source as the configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredSource {
    /// Its name.
    pub source: String,
    /// What its records are; null: the name of the source says it.
    pub entity_type: Option<String>,
    /// How Forebay reads it, such as `html`; null: other programs bring its records.
    pub kind: Option<String>,
    /// The fields that make a record's key, in order.
    pub key_fields: Vec<String>,
    /// Whether it is scraped where it has a kind.
    #[schemars(schema_with = "crate::words::source_state")]
    pub state: String,
    /// When it is scraped: `every 6h`, or five fields of cron; null: it has no schedule.
    pub schedule: Option<String>,
}

/// A pipeline: what ingests the references of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pipeline {
    /// Its name.
    pub pipeline: String,
    /// The name of the source that it takes; null: it takes every source.
    pub source: Option<String>,
    /// What ingests, such as `documents` or `webhook`.
    pub handler: String,
    /// Whether it is worked for.
    #[schemars(schema_with = "crate::words::source_state")]
    pub state: String,
}

/// The files that `init` wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Initialised {
    /// The configuration file, as it was given.
    pub path: String,
    /// The JSON Schema beside it.
    pub schema_path: String,
}
