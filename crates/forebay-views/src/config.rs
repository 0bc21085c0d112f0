//! The declarations of a configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A valid configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigCheck {
    /// The configuration file.
    pub path: String,
    /// The project that it belongs to.
    pub project: String,
    /// The sources that it declares, by name.
    pub sources: Vec<DeclaredSource>,
    /// The pipelines that it declares, by name.
    pub pipelines: Vec<Pipeline>,
    /// What is probably wrong, or missing on this machine. Commands accept the configuration all the same.
    pub warnings: Vec<Error>,
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

/// The changes made by applying a configuration, each list sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigApplied {
    /// The project that the configuration belongs to.
    pub project: String,
    /// Whether nothing was written.
    pub is_dry_run: bool,
    /// Sources that were new or different.
    pub changed_sources: Vec<String>,
    /// Pipelines that were new or different.
    pub changed_pipelines: Vec<String>,
    /// Sources whose schedules were new or different.
    pub changed_schedules: Vec<String>,
    /// Sources that are no longer declared. Their stored data is kept.
    pub released_sources: Vec<String>,
    /// Pipelines that are no longer declared and now disabled. Their hand-offs wait.
    pub disabled_pipelines: Vec<String>,
    /// Sources that another project declared differently; its declaration was kept.
    pub sources_elsewhere: Vec<NameElsewhere>,
    /// Pipelines that another project declared differently; its declaration was kept.
    pub pipelines_elsewhere: Vec<NameElsewhere>,
    /// Existing references that were handed off to changed pipelines; null: a dry run.
    pub num_handoffs: Option<u64>,
}

/// A name that belongs to another project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameElsewhere {
    /// The name of the source or pipeline.
    pub name: String,
    /// The project that declared it.
    pub project: String,
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
