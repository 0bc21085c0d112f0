//! Jobs held under receipts and leases, for work outside this database. Each function here calls one function of the
//! database, so it needs no transaction and works through any pooler.

use std::time::Duration;

use forebay_domain::{
    handoff::Change,
    identity::{ReferenceId, VersionHash},
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use super::receipt::Receipt;
use crate::{
    error::Result,
    row::{ReadRow, columns},
    types::{SqlHash, SqlId},
};

/// Claims jobs under a receipt.
pub const CLAIM: &str = include_str!("claim.sql");

/// The maximum number of jobs in one claim.
const MOST_JOBS: i32 = 10_000;

/// The columns that [`CLAIM`] returns.
const CLAIMED_COLUMNS: [&str; 14] = [
    "reference_id",
    "receipt",
    "lease_until",
    "source",
    "entity_type",
    "record_key",
    "change",
    "version",
    "payload_hash",
    "generation",
    "attempt",
    "changed_at",
    "payload",
    "was_lost",
];

/// A job claimed under a receipt until its lease expires, with the content to ingest.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The reference to ingest.
    pub reference_id: ReferenceId,
    /// Pass it when the attempt ends.
    pub receipt: Receipt,
    /// When another worker may claim it, unless [`heartbeat`] extends the lease.
    pub lease_until: Timestamp,
    /// Its source's name.
    pub source: String,
    /// Its entity type (course, event, …).
    pub entity_type: String,
    /// Its key in the source.
    pub record_key: String,
    /// What happened to it when it was handed off.
    pub change: Change,
    /// The stored version.
    pub version: i32,
    /// The content that was handed off. The stored content may be newer; ingest the stored content.
    pub payload_hash: VersionHash,
    /// The generation of the hand-off.
    pub generation: i32,
    /// The number of this attempt, from 1.
    pub attempt: i32,
    /// When the stored content was observed.
    pub changed_at: Timestamp,
    /// The stored content as JSON text; `None`: the reference was deleted or removed.
    pub payload: Option<String>,
    /// A claim of it was lost before, so it may be what crashes workers. It is then claimed alone.
    pub was_lost: bool,
}

forebay_domain::words! {
    /// The answer to the report that an attempt has ended.
    pub enum Ack {
        /// The report was stored.
        Done = "done",
        /// Refused: the job is held under another receipt, or not held at all.
        Stale = "stale",
        /// Refused: the job no longer exists.
        Lost = "lost",
        /// Another transaction has locked the job or its hand-off; report again.
        Busy = "busy",
    }
}

/// Frees the jobs of dead workers, then claims up to `limit` due jobs of a pipeline within its limits, sorted by id.
/// `worker` is the name that operators see. If the answer may get lost, give a receipt that is new and random: with it,
/// [`give_back`] frees what was claimed.
///
/// The claim must be committed before the work begins, so don't call it in a transaction that continues.
pub async fn claim(
    client: &impl GenericClient,
    pipeline: &str,
    limit: u32,
    lease: Duration,
    worker: &str,
    receipt: Option<Receipt>,
) -> Result<Vec<Claimed>> {
    let limit = i32::try_from(limit).unwrap_or(MOST_JOBS).clamp(1, MOST_JOBS);
    let rows = client
        .query_typed(
            CLAIM,
            &[
                (&pipeline, Type::TEXT),
                (&limit, Type::INT4),
                (&lease.as_secs_f64(), Type::FLOAT8),
                (&worker, Type::TEXT),
                (&receipt, Type::UUID),
            ],
        )
        .await?;
    let [
        id,
        receipt,
        lease_until,
        source,
        entity_type,
        record_key,
        change,
        version,
        hash,
        generation,
        attempt,
        changed_at,
        payload,
        was_lost,
    ] = columns(&rows, CLAIMED_COLUMNS)?;
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                reference_id: row.read::<SqlId>(id)?.0,
                receipt: row.read(receipt)?,
                lease_until: row.read(lease_until)?,
                // A deleted reference has no source, type or key.
                source: row.read::<Option<String>>(source)?.unwrap_or_default(),
                entity_type: row.read::<Option<String>>(entity_type)?.unwrap_or_default(),
                record_key: row.read::<Option<String>>(record_key)?.unwrap_or_default(),
                change: row.word(change)?,
                version: row.read::<Option<i32>>(version)?.unwrap_or_default(),
                payload_hash: row.read::<SqlHash>(hash)?.0,
                generation: row.read(generation)?,
                attempt: row.read(attempt)?,
                changed_at: row.read::<Option<Timestamp>>(changed_at)?.unwrap_or_default(),
                payload: row.read(payload)?,
                was_lost: row.read(was_lost)?,
            })
        })
        .collect()
}

/// The answer to a heartbeat of a claim that is still held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extended {
    /// The end of the lease.
    pub lease_until: Timestamp,
    /// The references that an operator has cancelled; stop working on them, and [`release`] them.
    pub cancelled: Vec<ReferenceId>,
}

/// Extends the lease of claims to `lease` from now. The answers are in the order of `receipts`; `None`: the claim was
/// lost or fully reported, so stop working on it.
pub async fn heartbeat(
    client: &impl GenericClient,
    pipeline: &str,
    receipts: &[Receipt],
    lease: Duration,
) -> Result<Vec<Option<Extended>>> {
    let statement = "select h.lease_until, h.cancelled from forebay_private.find_pipeline($1) as p \
         cross join lateral forebay_private.heartbeat(p.pipeline_id, $2, make_interval(secs => $3)) as h";
    let rows = client
        .query_typed(
            statement,
            &[(&pipeline, Type::TEXT), (&receipts, Type::UUID_ARRAY), (&lease.as_secs_f64(), Type::FLOAT8)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let Some(lease_until) = row.read::<Option<Timestamp>>("lease_until")? else { return Ok(None) };
            let cancelled: Vec<SqlId> = row.read("cancelled")?;
            let cancelled = cancelled.into_iter().map(|id| id.0).collect();
            Ok(Some(Extended { lease_until, cancelled }))
        })
        .collect()
}

/// Ends claimed attempts that succeeded; each reference may occur once. The answers are in the order of `claims`.
/// `declared_at` is of the settings that they were made with
/// ([`Pipeline::declared_at`](crate::pipelines::Pipeline::declared_at)); `None`: those of when they were handed off.
///
/// The receipt decides, not the clock: an attempt that ends after its lease expired is accepted unless another worker
/// has claimed the job.
pub async fn complete(
    client: &impl GenericClient,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
    declared_at: Option<Timestamp>,
) -> Result<Vec<Ack>> {
    report(client, None, pipeline, claims, declared_at).await
}

/// Releases claimed jobs without an attempt; other workers can claim them at once. Answers like [`complete`].
pub async fn release(
    client: &impl GenericClient,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
) -> Result<Vec<Ack>> {
    report(client, Some("given_back"), pipeline, claims, None).await
}

/// Releases everything under the receipt of a claim whose answer got lost. Returns whether nothing is left of it.
pub async fn give_back(client: &impl GenericClient, pipeline: &str, receipt: Receipt) -> Result<bool> {
    let statement = "select reference_ids from forebay.ingestion_claims where receipt = $1";
    let Some(row) = client.query_typed_opt(statement, &[(&receipt, Type::UUID)]).await? else {
        return Ok(true);
    };
    let ids: Vec<SqlId> = row.read("reference_ids")?;
    let claims: Vec<_> = ids.into_iter().map(|SqlId(id)| (id, receipt)).collect();
    Ok(!release(client, pipeline, &claims).await?.contains(&Ack::Busy))
}

async fn report(
    client: &impl GenericClient,
    class: Option<&str>,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
    declared_at: Option<Timestamp>,
) -> Result<Vec<Ack>> {
    let statement = "select e.verdict from forebay_private.find_pipeline($1) as p \
         cross join lateral forebay_private.end_attempts( \
             p.pipeline_id, $2, $3, array_fill($4, array[cardinality($2)]), '{}', '{}', '{}', true, $5) as e";
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<SqlId> = claims.iter().map(|claim| SqlId(claim.0)).collect();
    let receipts: Vec<Receipt> = claims.iter().map(|claim| claim.1).collect();
    let rows = client
        .query_typed(
            statement,
            &[
                (&pipeline, Type::TEXT),
                (&ids, Type::UUID_ARRAY),
                (&receipts, Type::UUID_ARRAY),
                (&class, Type::TEXT),
                (&declared_at, Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    rows.iter().map(|row| row.word("verdict")).collect()
}
