//! What measuring the freshness gate does to a ledger, and what it counts there.

use tokio_postgres::{GenericClient, types::Type};

use crate::error::Result;

/// Makes everything that was ever synced older than any policy allows.
pub async fn age(client: &impl GenericClient) -> Result<()> {
    let statement = "update forebay.sync_metadata set last_sync = last_sync - interval '10 years'";
    Ok(client.batch_execute(statement).await?)
}

/// Gives a ledger that many other scopes, and statistics, so that a read of it is as it is in a large one.
pub async fn fill(client: &impl GenericClient, num_scopes: i32) -> Result<()> {
    let statement = "insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync) \
         select 'other', 'number=' || n, 'success', 1, now() from generate_series(1, $1) as n";
    client.execute_typed(statement, &[(&num_scopes, Type::INT4)]).await?;
    Ok(client.batch_execute("vacuum (analyze) forebay.sync_metadata").await?)
}

/// How runs ended, and how often the scope was tried.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// Runs that are complete.
    pub num_complete: u64,
    /// Runs that were closed because their process had died.
    pub num_aborted: u64,
    /// Runs in any other state.
    pub num_other: u64,
}

/// The runs after one.
pub async fn runs_after(client: &impl GenericClient, run_id: i64) -> Result<Runs> {
    let statement = "select count(*) filter (where r.status = 'complete'), \
             count(*) filter (where r.status = 'aborted' and r.reason_code = 'process_died'), count(*) \
         from forebay.scrape_runs as r where r.run_id > $1";
    let row = client.query_typed_one(statement, &[(&run_id, Type::INT8)]).await?;
    let number = |column| Ok::<_, crate::Error>(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0));
    let (num_complete, num_aborted, num_all) = (number(0)?, number(1)?, number(2)?);
    Ok(Runs { num_complete, num_aborted, num_other: num_all - num_complete - num_aborted })
}

/// How often tables of Forebay's were read.
#[derive(Clone, Copy, Debug)]
pub struct Scans {
    /// By an index.
    pub num_index: u64,
    /// From one end to the other.
    pub num_whole: u64,
}

/// What has been read so far. What `client` itself has read is in it; of other connections that are open, what was
/// read in the last seconds may not be.
pub async fn scans(client: &impl GenericClient) -> Result<Scans> {
    client.query_typed("select pg_stat_force_next_flush()", &[]).await?;
    let statement = "select coalesce(sum(t.idx_scan), 0)::int8, coalesce(sum(t.seq_scan), 0)::int8 \
         from pg_stat_user_tables as t where t.schemaname = 'forebay'";
    let row = client.query_typed_one(statement, &[]).await?;
    let number = |column| Ok::<_, crate::Error>(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0));
    Ok(Scans { num_index: number(0)?, num_whole: number(1)? })
}
