//! Runs: one at a time for each source and scope, visible to other processes, ended with counts.
//!
//! [`ScopeLease`] ensures one run at a time for each scope, and fences those who have lost theirs without noticing. The
//! run's row is a second fence: every batch requires it to be `running`.

use std::time::Duration;

use forebay_domain::{
    coverage::Coverage,
    drift::JsonType,
    run::{Counts, RunStatus},
    scope::Scope,
};
use jiff::Timestamp;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{
    error::{Error, Result},
    row::ReadRow,
};

mod dead;
mod learn;
mod revert;
pub(crate) mod scope_holder;
mod scope_lease;
mod show;
pub use dead::{DeadRun, close_dead, dead};
pub use learn::{AdvisedScope, history, judged, scopes_to_advise, settled};
pub use revert::{Undo, UndoTotals, begin_undo, mark_reverted, move_back, next_undos, undo_totals};
pub use scope_holder::ScopeHolder;
pub use scope_lease::{LEASE, ScopeLease, try_lock};
pub use show::{RejectedRecord, RunFilter, RunRow, find, latest, list, nth_newest_on_demand, rejected};

/// A run to start.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its source.
    pub source_id: i32,
    /// The part of the source that it covers.
    pub scope: Scope,
    /// Whether the input was declared to cover its scope completely.
    pub is_complete: bool,
    /// The thresholds in force; `None`: guards are off.
    pub guards: Option<serde_json::Value>,
    /// Whether its changes are handed off to pipelines.
    pub with_handoffs: bool,
    /// The name of the component that supplies the records.
    pub engine: String,
    /// The file, `-` for standard input, or URL.
    pub input: String,
    /// When the source was observed.
    pub observed_at: Timestamp,
    /// Whether it was forced, or started by an AI tool.
    pub is_on_demand: bool,
}

/// Whether a scope has open runs. If the caller holds the scope, their processes are dead.
pub async fn has_orphans(client: &impl GenericClient, source_id: i32, scope: &Scope) -> Result<bool> {
    let statement = "select exists (select from forebay.scrape_runs \
         where source_id = $1 and scope = $2 and status = 'running') as has_orphans";
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&source_id, Type::INT4), (&scope.to_string(), Type::TEXT)];
    client.query_typed_one(statement, &parameters).await?.read("has_orphans")
}

/// Closes runs of dead processes in a scope that the caller holds. Their staged changes are dropped, because the
/// next run reads the source again. Returns their number.
pub async fn abort_orphans(transaction: &impl GenericClient, source_id: i32, scope: &Scope) -> Result<u64> {
    let rows = transaction
        .query_typed(
            include_str!("runs/abort_orphans.sql"),
            &[(&source_id, Type::INT4), (&scope.to_string(), Type::TEXT)],
        )
        .await?;
    let run_ids = rows.iter().map(|row| row.read("run_id")).collect::<Result<Vec<i64>>>()?;
    if !run_ids.is_empty() {
        // A separate statement, because the previous one may have waited for a last batch, which it doesn't see.
        let statement = "delete from forebay.scrape_run_changes where run_id = any($1)";
        transaction.execute_typed(statement, &[(&run_ids, Type::INT8_ARRAY)]).await?;
    }
    if !run_ids.is_empty() {
        tracing::info!(source_id, %scope, ?run_ids, "closed runs whose process died");
    }
    Ok(run_ids.len() as u64)
}

/// Whether a source ever had a run.
pub async fn any(client: &impl GenericClient, source_id: i32) -> Result<bool> {
    let statement = "select exists (select from forebay.scrape_runs where source_id = $1) as has_run";
    client.query_typed_one(statement, &[(&source_id, Type::INT4)]).await?.read("has_run")
}

/// The index that refuses a second running run of a scope.
pub const ONE_RUNNING: &str = "scrape_runs_one_running";

/// Begins a run and returns its id. Another run of the scope that is `running` violates [`ONE_RUNNING`].
pub async fn start(client: &impl GenericClient, run: &NewRun) -> Result<i64> {
    let row = client
        .query_typed_one(
            "insert into forebay.scrape_runs \
                 (source_id, scope, status, is_complete, guards, with_handoffs, engine, input, observed_at, \
                  is_on_demand) \
             values ($1, $2, 'running', $3, $4, $5, $6, $7, $8, $9) returning run_id",
            &[
                (&run.source_id, Type::INT4),
                (&run.scope.to_string(), Type::TEXT),
                (&run.is_complete, Type::BOOL),
                (&run.guards, Type::JSONB),
                (&run.with_handoffs, Type::BOOL),
                (&run.engine, Type::TEXT),
                (&run.input, Type::TEXT),
                (&run.observed_at, Type::TIMESTAMPTZ),
                (&run.is_on_demand, Type::BOOL),
            ],
        )
        .await?;
    row.read("run_id")
}

/// Adds to the counts of a running run. Fails with [`Error::RunLost`] if the run is no longer `running`, which rolls
/// back the batch of the caller's transaction.
pub async fn progress(
    client: &impl GenericClient,
    run_id: i64,
    more: &Counts,
    num_handoffs: u64,
) -> Result<()> {
    let counts = as_parameters(more);
    let num_handoffs = signed(num_handoffs);
    let num_rows = client
        .execute_typed(
            include_str!("runs/progress.sql"),
            &[
                (&run_id, Type::INT8),
                (&counts[0], Type::INT8),
                (&counts[1], Type::INT8),
                (&counts[2], Type::INT8),
                (&counts[3], Type::INT8),
                (&counts[4], Type::INT8),
                (&counts[5], Type::INT8),
                (&counts[6], Type::INT8),
                (&counts[7], Type::INT8),
                (&num_handoffs, Type::INT8),
            ],
        )
        .await?;
    if num_rows == 1 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}

/// The end of a run.
#[derive(Clone, Debug)]
pub struct Ending<'a> {
    /// Its final status.
    pub status: RunStatus,
    /// The reason code.
    pub reason_code: Option<&'a str>,
    /// The reason as a sentence.
    pub message: Option<&'a str>,
    /// Its duration.
    pub duration: Duration,
}

/// Ends a run in status `from`; its counts were added up by [`progress`].
pub async fn finish(
    client: &impl GenericClient,
    run_id: i64,
    from: RunStatus,
    ending: &Ending<'_>,
) -> Result<()> {
    let duration_ms = i64::try_from(ending.duration.as_millis()).unwrap_or(i64::MAX);
    let num_rows = client
        .execute_typed(
            "update forebay.scrape_runs set status = $3, reason_code = $4, message = $5, ended_at = now(), \
                 heartbeat_at = now(), duration_ms = coalesce(duration_ms, 0) + $6 \
             where run_id = $1 and status = $2",
            &[
                (&run_id, Type::INT8),
                (&from.as_str(), Type::TEXT),
                (&ending.status.as_str(), Type::TEXT),
                (&ending.reason_code, Type::TEXT),
                (&ending.message, Type::TEXT),
                (&duration_ms, Type::INT8),
            ],
        )
        .await?;
    if num_rows == 1 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}

/// Reopens a held run to apply its staged changes; the caller's transaction closes it.
pub async fn reopen(transaction: &impl GenericClient, run_id: i64) -> Result<()> {
    let num_rows = transaction
        .execute_typed(
            "update forebay.scrape_runs set status = 'running', ended_at = null, heartbeat_at = now() \
             where run_id = $1 and status = 'held'",
            &[(&run_id, Type::INT8)],
        )
        .await?;
    if num_rows == 1 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}

/// Closes the held runs of a scope before `run_id`, which has decided afresh about what they withheld, and drops their
/// staged changes.
pub async fn supersede_held(
    client: &impl GenericClient,
    run_id: i64,
    source_id: i32,
    scope: &Scope,
) -> Result<u64> {
    let rows = client
        .query_typed(
            include_str!("runs/supersede_held.sql"),
            &[(&run_id, Type::INT8), (&source_id, Type::INT4), (&scope.to_string(), Type::TEXT)],
        )
        .await?;
    Ok(rows.len() as u64)
}

/// When the last complete run that was applied, at least in part, observed the scope. Older observations must not be
/// written after it.
pub async fn watermark(
    client: &impl GenericClient,
    source_id: i32,
    scope: &Scope,
) -> Result<Option<Timestamp>> {
    let row = client
        .query_typed_one(
            "select max(observed_at) as watermark from forebay.scrape_runs \
             where source_id = $1 and scope = $2 and is_complete and status in ('complete', 'held') \
                 and reverted_by is null",
            &[(&source_id, Type::INT4), (&scope.to_string(), Type::TEXT)],
        )
        .await?;
    row.read("watermark")
}

/// Stores the coverage of a run's fields and the types of their values.
pub async fn add_coverage(client: &impl GenericClient, run_id: i64, coverage: &Coverage) -> Result<()> {
    let mut names = Vec::new();
    let mut counts = Vec::new();
    let mut shares = Vec::new();
    let mut types = Vec::new();
    for field in coverage.fields() {
        names.push(field.name);
        counts.push(signed(field.count));
        shares.push(field.share);
        types.push(field.types.iter().map(JsonType::as_str).collect::<Vec<_>>().join(","));
    }
    client
        .execute_typed(
            "insert into forebay.scrape_run_fields (run_id, field_name, num_present, coverage, json_types) \
             select $1, f.name, f.num_present, f.coverage, string_to_array(f.types, ',') \
             from unnest($2::text[], $3::int8[], $4::float8[], $5::text[]) as f (name, num_present, coverage, types)",
            &[
                (&run_id, Type::INT8),
                (&names, Type::TEXT_ARRAY),
                (&counts, Type::INT8_ARRAY),
                (&shares, Type::FLOAT8_ARRAY),
                (&types, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Copies the coverage of the last complete run to a run that read nothing because its source was unchanged.
pub async fn repeat_coverage(client: &impl GenericClient, run_id: i64) -> Result<()> {
    client.execute_typed(include_str!("runs/repeat_coverage.sql"), &[(&run_id, Type::INT8)]).await?;
    Ok(())
}

/// Adds the cost of fetching to a run. `hosts`: an array of `{host, num_requests, num_not_modified, seconds}`.
pub async fn add_requests(
    client: &impl GenericClient,
    run_id: i64,
    num_requests: u64,
    num_not_modified: u64,
    bytes_received: u64,
    hosts: &serde_json::Value,
) -> Result<()> {
    client
        .execute_typed(
            "update forebay.scrape_runs set num_requests = num_requests + $2, \
                 num_not_modified = num_not_modified + $3, bytes_received = bytes_received + $4, hosts = $5 \
                 where run_id = $1",
            &[
                (&run_id, Type::INT8),
                (&signed(num_requests), Type::INT8),
                (&signed(num_not_modified), Type::INT8),
                (&signed(bytes_received), Type::INT8),
                (hosts, Type::JSONB),
            ],
        )
        .await?;
    Ok(())
}

/// Marks a run as incomplete, because its input did not confirm its completeness at the end.
pub async fn set_incremental(client: &impl GenericClient, run_id: i64) -> Result<()> {
    let statement = "update forebay.scrape_runs set is_complete = false where run_id = $1";
    client.execute_typed(statement, &[(&run_id, Type::INT8)]).await?;
    Ok(())
}

fn as_parameters(counts: &Counts) -> [i64; 8] {
    [
        counts.num_seen,
        counts.num_added,
        counts.num_updated,
        counts.num_unchanged,
        counts.num_removed,
        counts.num_restored,
        counts.num_duplicate,
        counts.num_rejected,
    ]
    .map(signed)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
