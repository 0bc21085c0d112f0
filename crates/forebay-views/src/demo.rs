//! The demo and its steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, run::RunSummary, search_hit::SearchHit, time::Time, work_report::PipelineWork};

/// The demo after its last step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Demo {
    /// The steps, in order.
    pub steps: Vec<DemoStep>,
    /// Number of claims that the steps checked.
    pub num_checked: u64,
    /// The database of the demo; null: it was dropped.
    pub kept: Option<DemoDatabase>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Commands to try next.
    pub next: Vec<String>,
}

/// A step of the demo.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DemoStep {
    /// Its number, from 1.
    pub number: u64,
    /// Its name, as a stable word.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// What happened, in paragraphs.
    pub text: Vec<String>,
    /// What it read.
    pub figures: DemoFigures,
    /// The claims that it checked; a claim that doesn't hold ends the demo.
    pub checked: Vec<String>,
    /// Commands that do the same with your own data.
    pub commands: Vec<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The figures of a step. Lists that a step has nothing for are empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct DemoFigures {
    /// Counts by name, such as `num_references`.
    pub counts: BTreeMap<String, u64>,
    /// The runs that it made.
    pub runs: Vec<RunSummary>,
    /// The pipelines that worked.
    pub pipelines: Vec<PipelineWork>,
    /// The documents that its search found, best first.
    pub hits: Vec<SearchHit>,
    /// The changes of its first run, by key and field.
    pub changes: Vec<DemoChange>,
    /// The rows written to each table.
    pub tables: Vec<DemoTable>,
    /// A record at two times; null: the step compares none.
    pub compared: Option<DemoComparison>,
}

/// A change of a record or of one of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DemoChange {
    /// The record's key.
    pub record_key: String,
    /// The kind of change.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// The field that was updated; null: the whole record was added, removed or restored.
    pub field_name: Option<String>,
}

/// The rows written to a table by a run and by its replay, from the server's counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DemoTable {
    /// The schema and the name of the table.
    pub table: String,
    /// Rows that the run wrote.
    pub num_written_first: u64,
    /// Rows that its replay wrote.
    pub num_written_replay: u64,
}

/// A record as of two times.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DemoComparison {
    /// The record's key.
    pub record_key: String,
    /// The earlier time.
    pub at: Time,
    /// The record at that time; null: it did not exist.
    pub then: Option<Json>,
    /// The record now; null: it was removed.
    pub now: Option<Json>,
}

/// The kept database of the demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DemoDatabase {
    /// Its name and server, for people.
    pub target: String,
    /// Its URL; null: connecting may need a password.
    pub url: Option<String>,
}
