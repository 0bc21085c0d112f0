//! What a run would do.

use forebay_engine::persist;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run_counts::RunCounts;

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
    /// Its counts.
    #[serde(flatten)]
    pub counts: RunCounts,
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
            counts: run.counts.into(),
            num_withheld: run.num_withheld,
            samples: run.samples.into_iter().map(sample).collect(),
        }
    }
}
