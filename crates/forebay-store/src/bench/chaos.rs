//! What the chaos benchmark does to a server of its own, and how it sees that nothing was lost. Never for a database
//! that is somebody's.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    cluster,
    error::{Error, Result},
};

/// The table that the pipeline under test fills: `key` and `n` of each record.
pub const TABLE: &str = "public.chaos_rows";

/// How long a server may take to be gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found when the workers were through. The first seven are 0 if all is well.
#[derive(Clone, Copy, Debug)]
pub struct Judgement {
    /// References whose row in the table is not what they are.
    pub num_differing: u64,
    /// References that were written without being ended as done in the same transaction.
    pub num_twice: u64,
    /// References that were ended as done more often than they were handed off.
    pub num_surplus: u64,
    /// Jobs that are left.
    pub num_jobs: u64,
    /// Claims that are left.
    pub num_claims: u64,
    /// Hand-offs that are neither done nor superseded.
    pub num_open: u64,
    /// Attempts that failed or were lost; not a fault here.
    pub num_attempts_failed: u64,
    /// Rows written to the table; not a fault either.
    pub num_writes: u64,
}

/// Stops the server of an embedded cluster as `pg_ctl stop -m immediate` does: no checkpoint, no goodbye. Joining the
/// cluster starts it again, with what its log says was committed.
pub async fn crash(data_dir: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut was_asked = false;
    while let Some(pid) = cluster::status(data_dir).await?.pid {
        if !was_asked && let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // It fails only if the server is gone by itself, which the next look sees.
            was_asked = kill_process(pid, Signal::QUIT).is_ok();
        }
        if Instant::now() >= deadline {
            return Err(Error::ClusterStop { data_dir: data_dir.to_path_buf(), seconds: PATIENCE.as_secs() });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Makes the table, and the triggers that count what is done to it.
pub async fn watch(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute(include_str!("chaos/watch.sql")).await?)
}

/// Cuts up to so many connections of others, any. Tells how many it cut.
pub async fn cut(client: &impl GenericClient, most: u32) -> Result<u64> {
    let statement = "select count(*) filter (where pg_terminate_backend(a.pid)) from ( \
             select pid from pg_stat_activity \
             where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() \
             order by random() limit $1 \
         ) as a";
    let row = client.query_typed_one(statement, &[(&i64::from(most), Type::INT8)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}

/// Lets the leases of workers that are known to be dead end now; None: of all.
pub async fn end_leases(client: &impl GenericClient, worker: Option<&str>) -> Result<()> {
    let statement = "update forebay.ingestion_claims set lease_until = now() - interval '1 second' \
         where $1 is null or worker = $1";
    client.execute_typed(statement, &[(&worker, Type::TEXT)]).await?;
    Ok(())
}

/// Jobs that are not done.
pub async fn num_jobs(client: &impl GenericClient) -> Result<u64> {
    let row = client.query_typed_one("select count(*) from forebay.ingestion_jobs", &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}

/// Looks for what is not as it should be.
pub async fn judge(client: &impl GenericClient) -> Result<Judgement> {
    let row = client.query_typed_one(include_str!("chaos/judge.sql"), &[]).await?;
    let count =
        |column: usize| -> Result<u64> { Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0)) };
    Ok(Judgement {
        num_differing: count(0)?,
        num_twice: count(1)?,
        num_surplus: count(2)?,
        num_jobs: count(3)?,
        num_claims: count(4)?,
        num_open: count(5)?,
        num_attempts_failed: count(6)?,
        num_writes: count(7)?,
    })
}

/// The references that are there: key and content.
pub async fn stored(client: &impl GenericClient) -> Result<Vec<(String, i64)>> {
    let statement =
        "select record_key, (payload ->> 'n')::int8 from forebay.\"references\" where removed_at is null";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What a pipeline must have been given last of each reference, by the id that events have: reference, content and
/// generation.
pub async fn latest_events(client: &impl GenericClient, pipeline_id: i32) -> Result<Vec<String>> {
    let statement = "select r.reference_id || '/' || encode(r.version_hash, 'hex') || '/' || coalesce(h.generation, 0) \
         from forebay.\"references\" as r left join forebay.ingestion_handoffs as h \
             on h.reference_id = r.reference_id and h.payload_hash = r.version_hash and h.pipeline_id = $1";
    let rows = client.query_typed(statement, &[(&pipeline_id, Type::INT4)]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
