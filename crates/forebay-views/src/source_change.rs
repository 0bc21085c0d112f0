//! Changes of a stored source as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::Stats;

/// A field that was renamed in everything that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldRenamed {
    /// The source.
    pub source: String,
    /// The name before.
    pub from: String,
    /// The name from now on.
    pub to: String,
    /// Whether nothing was written.
    pub is_dry_run: bool,
    /// References whose payload has the field under either name, with tombstones. None of them got a new version.
    pub num_references: u64,
    /// Revisions of the field.
    pub num_revisions: u64,
    /// The key fields of the source from now on, in order.
    pub key_fields: Vec<String>,
    /// Settings of the source in `forebay.toml` that still have the old name, such as `removed_when`. They replace the
    /// stored ones, so change them before the next run.
    pub settings_to_change: Vec<String>,
}

/// A source that was renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRenamed {
    /// The name before.
    pub from: String,
    /// The name from now on.
    pub to: String,
}

/// A source that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceDeleted {
    /// The source.
    pub source: String,
    /// Whether nothing was deleted.
    pub is_dry_run: bool,
    /// What was stored about it.
    pub deleted: Stats,
}
