//! Jobs under receipts and leases, for work that happens outside of this database. Each function is one call of a
//! function in the database, so it needs no transaction of the caller's and works through any pooler.

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

/// Frees what dead workers held, then claims up to `limit` jobs of a pipeline that are due, sorted by id, within the
/// pipeline's limits. `worker` is how an operator tells who holds them.
///
/// Must be committed before the work begins, so do not call it in a transaction that goes on.
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
                // Whoever deletes a reference by hand leaves no name of it behind.
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

/// Extends the lease of claims to so long from now. Answers, in the order of `receipts`, until when each holds; None:
/// it was given to somebody else, or all of it was reported. Stop working on it.
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

/// Ends claimed attempts that succeeded. The answers are in the order of `claims`, of which each reference may be one.
///
/// The receipt decides, not the clock: an attempt that ends after its lease is accepted as long as nobody else has
/// been given the job.
pub async fn complete(
    client: &impl GenericClient,
    pipeline: &str,
    claims: &[(ReferenceId, Receipt)],
) -> Result<Vec<Ack>> {
    let statement = "select c.verdict from forebay.complete_jobs($1, $2, $3) as c";
    report(client, statement, pipeline, claims).await
}

/// Gives claimed jobs back untried, for another worker to claim at once. The answers are as for [`complete`].
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
