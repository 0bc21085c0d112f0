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

/// What [`CLAIM`] returns of each job.
const CLAIMED_COLUMNS: [&str; 13] = [
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
];

/// A job held under a receipt until its lease ends, with what is to be ingested.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The reference to ingest.
    pub reference_id: ReferenceId,
    /// What to end the attempt with.
    pub receipt: Receipt,
    /// From then on another worker may be given it, unless [`heartbeat`] extends it.
    pub lease_until: Timestamp,
    /// Its source's name.
    pub source: String,
    /// What it is (course, event, …).
    pub entity_type: String,
    /// Its key in the source.
    pub record_key: String,
    /// What happened to it when it was handed off.
    pub change: Change,
    /// The version that is stored now.
    pub version: i32,
    /// The content that was handed off. What is stored may be newer; ingest what is stored.
    pub payload_hash: VersionHash,
    /// The generation of the hand-off.
    pub generation: i32,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// When what is stored now was observed.
    pub changed_at: Timestamp,
    /// What is stored now, as JSON text; None: the reference is gone.
    pub payload: Option<String>,
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
/// `worker` is the name that operators see.
///
/// The claim must be committed before the work begins, so don't call it in a transaction that continues.
pub async fn claim(
    client: &impl GenericClient,
    pipeline: &str,
    limit: u32,
    lease: Duration,
    worker: &str,
) -> Result<Vec<Claimed>> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let rows = client
        .query_typed(
            CLAIM,
            &[
                (&pipeline, Type::TEXT),
                (&limit, Type::INT4),
                (&lease.as_secs_f64(), Type::FLOAT8),
                (&worker, Type::TEXT),
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
            })
        })
        .collect()
}

/// Extends the lease of claims to `lease` from now. Returns the end of each lease in the order of `receipts`; `None`:
/// the claim was lost or fully reported, so stop working on it.
pub async fn heartbeat(
    client: &impl GenericClient,
    pipeline: &str,
    receipts: &[Receipt],
    lease: Duration,
) -> Result<Vec<Option<Timestamp>>> {
    let statement =
        "select h.lease_until from forebay.heartbeat_jobs($1, $2, make_interval(secs => $3)) as h";
    let rows = client
        .query_typed(
            statement,
            &[(&pipeline, Type::TEXT), (&receipts, Type::UUID_ARRAY), (&lease.as_secs_f64(), Type::FLOAT8)],
        )
        .await?;
    let leases =
        rows.iter().map(|row| row.read("lease_until")).collect::<Result<Vec<Option<Timestamp>>>>()?;
    let num_lost = leases.iter().filter(|lease| lease.is_none()).count();
    if num_lost > 0 {
        tracing::info!(pipeline, lost = num_lost, "claims were lost or fully reported");
    }
    Ok(leases)
}

/// Ends claimed attempts that succeeded; each reference may occur once. The answers are in the order of `claims`.
///
/// The receipt decides, not the clock: an attempt that ends after its lease is accepted unless another worker has
/// claimed the job.
pub async fn complete(
    client: &impl GenericClient,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
) -> Result<Vec<Ack>> {
    let statement = "select c.verdict from forebay.complete_jobs($1, $2, $3) as c";
    report(client, statement, pipeline, claims).await
}

/// Releases claimed jobs without an attempt; other workers can claim them at once. Answers like [`complete`].
pub async fn release(
    client: &impl GenericClient,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
) -> Result<Vec<Ack>> {
    let statement = "select c.verdict from forebay.release_jobs($1, $2, $3) as c";
    report(client, statement, pipeline, claims).await
}

async fn report(
    client: &impl GenericClient,
    statement: &str,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
) -> Result<Vec<Ack>> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<SqlId> = claims.iter().map(|claim| SqlId(claim.0)).collect();
    let receipts: Vec<Receipt> = claims.iter().map(|claim| claim.1).collect();
    let rows = client
        .query_typed(
            statement,
            &[(&pipeline, Type::TEXT), (&ids, Type::UUID_ARRAY), (&receipts, Type::UUID_ARRAY)],
        )
        .await?;
    rows.iter().map(|row| row.word("verdict")).collect()
}
