//! The statements of the chaos benchmark: how it disturbs its own server, and how it finds losses. Never run them on a
//! database of the user.

use tokio_postgres::{GenericClient, types::Type};

use crate::failure::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// The table that the pipeline under test writes: `key` and `n` of each record.
pub(super) const TABLE: &str = "public.chaos_rows";

/// The state after the workers have finished. All counts except the last two must be 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judgement {
    /// References whose row in the table is missing or differs.
    pub(super) num_differing: u64,
    /// References whose row was written without completing a hand-off in the same transaction.
    pub(super) num_twice: u64,
    /// References with more completions than hand-offs.
    pub(super) num_surplus: u64,
    /// Jobs left.
    pub(super) num_open: u64,
    /// Claims left.
    pub(super) num_claims: u64,
    /// Hand-offs that neither succeeded nor were superseded.
    pub(super) num_failed: u64,
    /// Attempts that failed or were lost; not a fault.
    pub(super) num_attempts_failed: u64,
    /// Writes of rows of the table; not a fault.
    pub(super) num_writes: u64,
}

/// Creates the table, and the triggers that count writes and completions.
pub(super) async fn watch(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute(include_str!("watch.sql")).await?)
}

/// Cuts at most `most` other connections, chosen at random. Returns how many.
pub(super) async fn cut(client: &impl GenericClient, most: u32) -> Result<u64> {
    let statement = "select count(*) filter (where pg_terminate_backend(a.pid)) as num_cut from ( \
             select pid from pg_stat_activity \
             where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() \
             order by random() limit $1 \
         ) as a";
    let row = client.query_typed_one(statement, &[(&i64::from(most), Type::INT8)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("num_cut")?).unwrap_or(0))
}

/// Ends the leases of a dead worker whose name begins like this, or of all workers.
pub(super) async fn end_leases(client: &impl GenericClient, worker: Option<&str>) -> Result<()> {
    let statement = "update forebay.ingestion_claims set lease_until = now() - interval '1 second' \
         where $1 is null or starts_with(worker, $1)";
    client.execute_typed(statement, &[(&worker, Type::TEXT)]).await?;
    Ok(())
}

/// The number of open hand-offs.
pub(super) async fn num_open(client: &impl GenericClient) -> Result<u64> {
    let row =
        client.query_typed_one("select count(*) as num_open from forebay.ingestion_handoffs", &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("num_open")?).unwrap_or(0))
}

/// Looks for losses and duplicates.
pub(super) async fn judge(client: &impl GenericClient) -> Result<Judgement> {
    let row = client.query_typed_one(include_str!("judge.sql"), &[]).await?;
    let count =
        |column: &str| -> Result<u64> { Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0)) };
    Ok(Judgement {
        num_differing: count("num_differing")?,
        num_twice: count("num_twice")?,
        num_surplus: count("num_surplus")?,
        num_open: count("num_open")?,
        num_claims: count("num_claims")?,
        num_failed: count("num_failed")?,
        num_attempts_failed: count("num_attempts_failed")?,
        num_writes: count("num_writes")?,
    })
}

/// Key and content of the active references.
pub(super) async fn stored(client: &impl GenericClient) -> Result<Vec<(String, i64)>> {
    let statement = "select record_key, (payload ->> 'n')::int8 as content \
         from forebay.\"references\" where removed_at is null";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get("record_key")?, row.try_get("content")?))).collect()
}

/// The id of the last event that a pipeline must have received for each reference: reference, version and its time.
pub(super) async fn latest_events(client: &impl GenericClient) -> Result<Vec<String>> {
    let statement = "select r.reference_id || '/' || r.version || '/' || \
                 (extract(epoch from r.changed_at) * 1000000)::int8 || \
                 case when r.removed_at is null then '' else '/removed' end as event_id \
         from forebay.\"references\" as r";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get("event_id")?)).collect()
}
