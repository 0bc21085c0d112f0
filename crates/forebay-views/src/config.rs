//! The declarations of a configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A valid configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigCheck {
    /// The configuration file.
    pub path: String,
    /// The sources that it declares, by name.
    pub sources: Vec<DeclaredSource>,
    /// The pipelines that it declares, by name.
    pub pipelines: Vec<Pipeline>,
}

/// A source in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredSource {
    /// Its name.
    pub source: String,
    /// The entity type of its records; null: not configured.
    pub entity_type: Option<String>,
    /// How Forebay reads it, such as `html`; null: other programs supply its records.
    pub kind: Option<String>,
    /// The fields that make a record's key, in order.
    pub key_fields: Vec<String>,
    /// Whether it is scraped, if it has a kind.
    #[schemars(schema_with = "crate::words::enabled_state")]
    pub state: String,
    /// When it is scraped: `every 6h`, or five cron fields; null: it has no schedule.
    pub schedule: Option<String>,
}

/// A pipeline, which ingests the references of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pipeline {
    /// Its name.
    pub pipeline: String,
    /// The name of its source; null: every source.
    pub source: Option<String>,
    /// The handler that ingests, such as `documents` or `webhook`.
    pub handler: String,
    /// Whether it receives work.
    #[schemars(schema_with = "crate::words::enabled_state")]
    pub state: String,
}

/// The files that `init` wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Initialised {
    /// The path of the configuration file, as given.
    pub path: String,
    /// The JSON Schema beside it.
    pub schema_path: String,
    /// The list of environment variables beside it; null: there was one, which is kept.
    pub env_example_path: Option<String>,
}
