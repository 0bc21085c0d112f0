//! `run_status`: what one run, or the last few, did and why they ended as they did.

use forebay_engine::Error;
use forebay_store::{
    logs::{self, Level, LogFilter, LogLine},
    runs::{self, RejectedRecord, RunFilter, RunRow},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{server::Server, shape::cut, tool::Tool},
    limit,
};
use crate::{failure::Failure, names, ui::redact};

const DEFAULT_LIMIT: u32 = 5;
const MOST: u32 = 20;
/// Lines of its log and rejected records that are shown of one run.
const DETAILS: u32 = 20;
/// Characters of one message.
const MESSAGE_CHARS: usize = 1000;

pub(in super::super) struct RunStatus;

/// Which runs to tell about.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// One run, with its warnings and rejected records. Default: the last runs.
    #[serde(default)]
    run_id: Option<i64>,
    /// The last runs of this source. Default: of all.
    #[serde(default)]
    source: Option<String>,
    /// Most runs. Default 5, at most 20.
    #[serde(default)]
    limit: Option<u32>,
}

/// Runs, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Runs {
    /// The runs.
    runs: Vec<Run>,
}

/// One execution for one source and scope.
#[derive(Debug, Serialize, JsonSchema)]
struct Run {
    /// Its short id.
    run_id: i64,
    /// Its source.
    source: String,
    /// The scope that it covers, as name=value pairs; empty: the whole source.
    scope: String,
    /// `running`, `complete`, `partial` (some input was unreadable), `held` (a guard waits for an operator; nothing
    /// was applied), `failed` or `aborted`.
    status: &'static str,
    /// Why, as a stable word.
    reason_code: Option<String>,
    /// Why, as a sentence.
    message: Option<String>,
    /// It was declared to cover its scope completely, so what it did not see is removed.
    is_complete: bool,
    /// What brought the records.
    engine: String,
    /// When the source was observed.
    observed_at: String,
    /// When it began.
    started_at: String,
    /// When it ended; null: it runs.
    ended_at: Option<String>,
    /// How long it took, in milliseconds.
    duration_ms: Option<i64>,
    /// Records read, good and bad.
    num_seen: u64,
    /// New records.
    num_added: u64,
    /// Records with a new version.
    num_updated: u64,
    /// Records as they were.
    num_unchanged: u64,
    /// Records that the source has no more.
    num_removed: u64,
    /// Records that came back.
    num_restored: u64,
    /// Records whose key the run had already seen.
    num_duplicate: u64,
    /// Records that could not be used.
    num_rejected: u64,
    /// Changes that wait for an operator, if it is held.
    num_staged: i64,
    /// Its warnings and errors, oldest first, at most 20; only when one run is asked for.
    log: Vec<Line>,
    /// The first records that it rejected, at most 20; only when one run is asked for.
    rejected: Vec<Rejected>,
}

/// A line that a run logged.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    /// When.
    at: String,
    /// `warn` or `error`.
    level: &'static str,
    /// What.
    message: String,
}

/// A record that could not be used.
#[derive(Debug, Serialize, JsonSchema)]
struct Rejected {
    /// Its line in the input, from 1.
    line: Option<i64>,
    /// Why, as a stable word.
    reason_code: String,
    /// Why, as a sentence.
    message: String,
}

impl Tool for RunStatus {
    const NAME: &'static str = "run_status";
    const TITLE: &'static str = "What runs did";
    type Arguments = Arguments;
    type Answer = Runs;

    fn description(_: bool) -> String {
        "Tells what one run did (with run_id), or the last runs of a source or of all: how each ended and \
         why, how many records it added, updated and removed, and for one run its warnings and rejected \
         records. Use it when data is stale or missing, or when another tool named a run. Errors: \
         no_such_run, no_such_source."
            .to_owned()
    }

    async fn call(server: &Server, arguments: Arguments) -> Result<Runs, Failure> {
        let client = server.database().client().await?;
        if let Some(run_id) = arguments.run_id {
            let row = runs::find(&**client, run_id).await?.ok_or(Error::NoSuchRun { run_id })?;
            let mut run = Run::new(row);
            let filter = LogFilter { run_id, min_level: Level::Warn, grep: None, after: None };
            run.log = logs::read(&**client, &filter, DETAILS).await?.iter().map(Line::new).collect();
            let rejected = runs::rejected(&**client, run_id, i64::from(DETAILS)).await?;
            run.rejected = rejected.into_iter().map(Rejected::new).collect();
            return Ok(Runs { runs: vec![run] });
        }
        if let Some(name) = &arguments.source {
            names::source(&client, name).await?;
        }
        let limit = i64::from(limit(arguments.limit, DEFAULT_LIMIT, MOST));
        let filter = RunFilter { source: arguments.source, status: None, limit };
        let rows = runs::list(&**client, &filter).await?;
        Ok(Runs { runs: rows.into_iter().map(Run::new).collect() })
    }
}

/// A message that is short and holds no password.
fn message(text: &str) -> String {
    redact(&cut(text, MESSAGE_CHARS))
}

impl Run {
    fn new(row: RunRow) -> Self {
        Self {
            run_id: row.run_id,
            source: row.source,
            scope: row.scope,
            status: row.status.as_str(),
            reason_code: row.reason_code,
            message: row.message.as_deref().map(message),
            is_complete: row.is_complete,
            engine: row.engine,
            observed_at: row.observed_at.to_string(),
            started_at: row.started_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
            duration_ms: row.duration_ms,
            num_seen: row.counts.num_seen,
            num_added: row.counts.num_added,
            num_updated: row.counts.num_updated,
            num_unchanged: row.counts.num_unchanged,
            num_removed: row.counts.num_removed,
            num_restored: row.counts.num_restored,
            num_duplicate: row.counts.num_duplicate,
            num_rejected: row.counts.num_rejected,
            num_staged: row.num_staged,
            log: Vec::new(),
            rejected: Vec::new(),
        }
    }
}

impl Line {
    fn new(line: &LogLine) -> Self {
        Self { at: line.logged_at.to_string(), level: line.level.as_str(), message: message(&line.message) }
    }
}

impl Rejected {
    fn new(record: RejectedRecord) -> Self {
        Self { line: record.line, reason_code: record.reason_code, message: message(&record.message) }
    }
}
