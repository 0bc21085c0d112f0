//! What a run would do.

use forebay_engine::persist;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The dry runs of a command, in the order of its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DryRunReport {
    /// One for each input or scope.
    pub dry_runs: Vec<DryRun>,
}

/// What a run would do. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DryRun {
    /// The name of the source.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// The file, `-` for standard input, or URL.
    pub input: String,
    /// How the run would end.
    #[schemars(schema_with = "crate::words::run_status")]
    pub status: String,
    /// Why it would not simply be complete, and what the dry run can't tell.
    pub messages: Vec<String>,
    /// Records that were read.
    pub num_seen: u64,
    /// References that would be added.
    pub num_added: u64,
    /// References that would get a new version.
    pub num_updated: u64,
    /// References that would stay as they are.
    pub num_unchanged: u64,
    /// References that would be removed, or withheld from removal.
    pub num_removed: u64,
    /// References that would come back.
    pub num_restored: u64,
    /// Records whose key appeared before.
    pub num_duplicate: u64,
    /// Records that would be rejected.
    pub num_rejected: u64,
    /// How many of these changes the guards would withhold.
    pub num_withheld: u64,
    /// Some of the changes, at most five of each kind.
    pub samples: Vec<DryRunSample>,
}

/// One change that a run would make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DryRunSample {
    /// The kind of change.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// The key of the record.
    pub record_key: String,
    /// The names of the fields that an update or a restoration changes, at most 20.
    pub field_names: Vec<String>,
}

impl From<persist::DryRun> for DryRun {
    fn from(run: persist::DryRun) -> Self {
        let sample = |sample: persist::Sample| DryRunSample {
            change: sample.change.as_str().to_owned(),
            record_key: sample.record_key,
            field_names: sample.fields,
        };
        Self {
            source: run.source,
            scope: run.scope.to_string(),
            input: run.input,
            status: run.status.as_str().to_owned(),
            messages: run.messages,
            num_seen: run.counts.num_seen,
            num_added: run.counts.num_added,
            num_updated: run.counts.num_updated,
            num_unchanged: run.counts.num_unchanged,
            num_removed: run.counts.num_removed,
            num_restored: run.counts.num_restored,
            num_duplicate: run.counts.num_duplicate,
            num_rejected: run.counts.num_rejected,
            num_withheld: run.num_withheld,
            samples: run.samples.into_iter().map(sample).collect(),
        }
    }
}
