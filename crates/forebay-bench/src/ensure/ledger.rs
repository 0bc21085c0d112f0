//! The statements of the `ensure` benchmark: they age and fill the ledger, and count runs and reads.

use std::time::{Duration, Instant};

use tokio_postgres::{GenericClient, Row, types::Type};

use crate::failure::Failure;

/// How long closed connections may take to be gone.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);

/// Makes every past sync older than any policy allows.
pub(super) async fn age(client: &impl GenericClient) -> Result<(), Failure> {
    let statement = "update forebay.sync_metadata set last_sync = last_sync - interval '10 years'";
    Ok(client.batch_execute(statement).await?)
}

/// Adds so many other scopes and gathers statistics, so that a read costs what it does in a large ledger.
pub(super) async fn fill(client: &impl GenericClient, num_scopes: i32) -> Result<(), Failure> {
    let statement = "insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync) \
         select 'other', 'number=' || n, 'success', 1, now() from generate_series(1, $1) as n";
    client.execute_typed(statement, &[(&num_scopes, Type::INT4)]).await?;
    Ok(client.batch_execute("vacuum (analyze) forebay.sync_metadata").await?)
}

/// How runs ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs {
    /// Complete runs.
    pub(super) num_complete: u64,
    /// Runs that were closed because their process had died.
    pub(super) num_aborted: u64,
    /// Runs in any other state.
    pub(super) num_other: u64,
}

/// The runs after one.
pub(super) async fn runs_after(client: &impl GenericClient, run_id: i64) -> Result<Runs, Failure> {
    let statement = "select count(*) filter (where r.status = 'complete') as num_complete, \
             count(*) filter (where r.status = 'aborted' and r.reason_code = 'process_died') as num_aborted, \
             count(*) as num_all \
         from forebay.scrape_runs as r where r.run_id > $1";
    let row = client.query_typed_one(statement, &[(&run_id, Type::INT8)]).await?;
    let (num_complete, num_aborted) = (count(&row, "num_complete")?, count(&row, "num_aborted")?);
    Ok(Runs { num_complete, num_aborted, num_other: count(&row, "num_all")? - num_complete - num_aborted })
}

/// How often Forebay's tables were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scans {
    /// Index scans of the ledger.
    pub(super) num_ledger: u64,
    /// Index scans of the references, which count the active ones of a source.
    pub(super) num_counts: u64,
    /// Scans of the sources. They are few, so Postgres needs no index.
    pub(super) num_sources: u64,
    /// All other scans: of these tables without an index, and of any other table.
    pub(super) num_other: u64,
}

/// Closes all other connections to this database, and waits until they are gone.
///
/// A backend adds what it has read to the shared counters only now and then, at the latest when it ends. A connection
/// that is still open, or is just ending, would add its earlier reads to those that [`scans`] compares.
pub(super) async fn close_other_connections(client: &impl GenericClient) -> Result<(), Failure> {
    let statement = "select count(*) as num_open, count(*) filter (where pg_terminate_backend(a.pid)) as num_closing \
         from pg_stat_activity as a \
         where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let row = client.query_typed_one(statement, &[]).await?;
        let num_open = count(&row, "num_open")?;
        if num_open == 0 {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Failure::bench(format!("{num_open} other connections to the database stay open")));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The scans so far. Includes those of `client`, and those of other connections that have ended.
pub(super) async fn scans(client: &impl GenericClient) -> Result<Scans, Failure> {
    client.query_typed("select pg_stat_force_next_flush()", &[]).await?;
    let statement = "select t.num_ledger, t.num_counts, t.num_sources, \
             t.num_all - t.num_ledger - t.num_counts - t.num_sources as num_other \
         from (select \
             coalesce(sum(u.idx_scan) filter (where u.relname = 'sync_metadata'), 0)::int8 as num_ledger, \
             coalesce(sum(u.idx_scan) filter (where u.relname = 'references'), 0)::int8 as num_counts, \
             coalesce(sum(u.seq_scan + u.idx_scan) filter (where u.relname = 'sources'), 0)::int8 as num_sources, \
             coalesce(sum(u.seq_scan + coalesce(u.idx_scan, 0)), 0)::int8 as num_all \
             from pg_stat_user_tables as u where u.schemaname = 'forebay') as t";
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(Scans {
        num_ledger: count(&row, "num_ledger")?,
        num_counts: count(&row, "num_counts")?,
        num_sources: count(&row, "num_sources")?,
        num_other: count(&row, "num_other")?,
    })
}

fn count(row: &Row, column: &str) -> Result<u64, Failure> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
}
