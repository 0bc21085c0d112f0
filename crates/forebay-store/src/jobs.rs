//! The work of hand-offs: taking it, ending it well or badly, and getting back what a dead worker held.
//!
//! There are two ways to hold a job. [`take`] holds it by row lock inside a transaction, for handlers whose effect is
//! in this database: nothing is written until effect and end are committed together, so a worker that dies leaves no
//! trace and what it held is free at once. [`claim`] holds it by a receipt and a lease, for work that happens outside.
//!
//! Mind the order of locks when changing a statement: persisting locks hand-offs before jobs and workers jobs before
//! hand-offs, so workers must never wait while they hold a lock. They skip what is locked and answer
//! [`Verdict::Busy`].

mod failing;

use std::{fmt, time::Duration};

use bytes::{BufMut, BytesMut};
use forebay_domain::{
    handoff::Change,
    identity::{ReferenceId, VersionHash},
};
use tokio_postgres::{
    GenericClient, Row, Transaction,
    types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked},
};

use crate::{
    error::Result,
    types::{SqlHash, SqlId},
};

pub use failing::{EXPIRED, FAIL, FAILING, Failure, FailureReport, fail, fail_taken, rescue};

/// Takes jobs by row lock.
pub const TAKE: &str = include_str!("jobs/take.sql");
/// Claims jobs under a receipt.
pub const CLAIM: &str = include_str!("jobs/claim.sql");
/// Ends attempts that succeeded.
pub const COMPLETE: &str = include_str!("jobs/complete.sql");
/// Ends attempts of jobs held by row lock.
pub const COMPLETE_TAKEN: &str = include_str!("jobs/complete_taken.sql");
/// Hands off what is older than a pipeline.
pub const RECONCILE: &str = include_str!("jobs/reconcile.sql");

/// The fencing token of a claim: a random UUID, new for every claim.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt(pub [u8; 16]);

/// A job held by a row lock of the transaction that took it.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// The reference to ingest.
    pub reference_id: ReferenceId,
    /// The content that was handed off. What is stored may be newer; ingest what is stored.
    pub payload_hash: VersionHash,
    /// The generation of the hand-off.
    pub generation: i32,
    /// What happened to it when it was handed off.
    pub change: Change,
    /// Which try this is, from 1.
    pub attempt: i32,
}

/// A job held under a receipt until its lease ends.
#[derive(Clone, Copy, Debug)]
pub struct Claimed {
    /// The reference to ingest.
    pub reference_id: ReferenceId,
    /// The content that was handed off.
    pub payload_hash: VersionHash,
    /// The generation of the hand-off.
    pub generation: i32,
    /// What happened to it when it was handed off.
    pub change: Change,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// What to end the attempt with.
    pub receipt: Receipt,
}

/// What became of an attempt that was reported as ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is written.
    Done,
    /// The job is held under another receipt, or free again: the report is refused.
    Stale,
    /// There is no such job any more: the report is refused.
    Lost,
    /// Another transaction has the job or its hand-off locked at this moment; report again.
    Busy,
}

/// What waits in a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Can be taken now.
    pub num_due: u64,
    /// Held under a lease.
    pub num_leased: u64,
    /// To be tried again later.
    pub num_later: u64,
}

/// Keeps the planner, for this transaction, to the queue's index and to index look-ups. A queue fills faster than its
/// statistics follow; by stale ones the planner sorts the whole queue for every batch. What is turned off is only made
/// dear, so a query that has no other way still runs, but its cost would start the compiler (JIT) for nothing.
pub async fn hold_plans(transaction: &Transaction<'_>) -> Result<()> {
    let settings = "set local enable_bitmapscan = off; set local enable_hashjoin = off; \
         set local enable_mergejoin = off; set local jit = off";
    Ok(transaction.batch_execute(settings).await?)
}

/// Takes up to `limit` jobs of a pipeline that are due, sorted by id. The transaction's end lets go of what was not
/// ended in it. The transaction must have called [`hold_plans`].
pub async fn take(transaction: &Transaction<'_>, pipeline_id: i32, limit: u32) -> Result<Vec<Taken>> {
    let rows =
        transaction.query_typed(TAKE, &[(&pipeline_id, Type::INT4), (&i64::from(limit), Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Taken {
                reference_id: row.try_get::<_, SqlId>(0)?.0,
                payload_hash: row.try_get::<_, SqlHash>(1)?.0,
                generation: row.try_get(2)?,
                change: change(row, 3)?,
                attempt: row.try_get(4)?,
            })
        })
        .collect()
}

/// Claims up to `limit` jobs of a pipeline that are due, in no particular order, and marks their hand-offs active.
///
/// What a dead worker held is not claimed here but freed by [`rescue`], because losing a lease counts against the
/// hand-off: content that takes its worker down must not be handed to one worker after the other. The transaction must
/// have called [`hold_plans`], and be committed before the work begins.
pub async fn claim(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    limit: u32,
    lease: Duration,
) -> Result<Vec<Claimed>> {
    let rows = transaction
        .query_typed(
            CLAIM,
            &[
                (&pipeline_id, Type::INT4),
                (&i64::from(limit), Type::INT8),
                (&lease.as_secs_f64(), Type::FLOAT8),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                reference_id: row.try_get::<_, SqlId>(0)?.0,
                payload_hash: row.try_get::<_, SqlHash>(1)?.0,
                generation: row.try_get(2)?,
                change: change(row, 3)?,
                attempt: row.try_get(4)?,
                receipt: row.try_get(5)?,
            })
        })
        .collect()
}

/// Ends claimed attempts that succeeded. The answers are in the order of `claims`, of which each reference may be one.
///
/// The receipt decides, not the clock: an attempt that ends after its lease is accepted as long as nobody else has
/// been given the job.
pub async fn complete(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    claims: &[(ReferenceId, Receipt)],
) -> Result<Vec<Verdict>> {
    let receipts: Vec<Option<Receipt>> = claims.iter().map(|claim| Some(claim.1)).collect();
    let ids: Vec<SqlId> = claims.iter().map(|claim| SqlId(claim.0)).collect();
    end(transaction, pipeline_id, &ids, &receipts).await
}

/// Ends attempts of jobs that this transaction has taken and that succeeded. Tells how many jobs that ended: all of
/// `taken`, or the caller must roll back.
pub async fn complete_taken(transaction: &Transaction<'_>, pipeline_id: i32, taken: &[Taken]) -> Result<u64> {
    let ids: Vec<SqlId> = taken.iter().map(|job| SqlId(job.reference_id)).collect();
    let hashes: Vec<SqlHash> = taken.iter().map(|job| SqlHash(job.payload_hash)).collect();
    let generations: Vec<i32> = taken.iter().map(|job| job.generation).collect();
    let num_ended = transaction
        .execute_typed(
            COMPLETE_TAKEN,
            &[
                (&pipeline_id, Type::INT4),
                (&ids, Type::UUID_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&generations, Type::INT4_ARRAY),
            ],
        )
        .await?;
    Ok(num_ended)
}

/// Whether anything of a pipeline could be taken now.
pub async fn any_due(client: &impl GenericClient, pipeline_id: i32) -> Result<bool> {
    let statement = "select exists (select from forebay.ingestion_jobs \
         where pipeline_id = $1 and not_before <= now() and receipt is null)";
    Ok(client.query_typed_one(statement, &[(&pipeline_id, Type::INT4)]).await?.try_get(0)?)
}

/// Hands off one page of the references, with ids after `after`, that a pipeline has never been given. Tells the last
/// id of the page (None: there are no more) and how many hand-offs that made.
pub async fn reconcile(
    client: &impl GenericClient,
    pipeline_id: i32,
    source_name: Option<&str>,
    after: ReferenceId,
    limit: u32,
) -> Result<(Option<ReferenceId>, u64)> {
    let row = client
        .query_typed_one(
            RECONCILE,
            &[
                (&pipeline_id, Type::INT4),
                (&SqlId(after), Type::UUID),
                (&source_name, Type::TEXT),
                (&i64::from(limit), Type::INT8),
            ],
        )
        .await?;
    let last = row.try_get::<_, Option<SqlId>>(0)?.map(|id| id.0);
    Ok((last, u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or(0)))
}

/// How much waits in a pipeline.
pub async fn backlog(client: &impl GenericClient, pipeline_id: i32) -> Result<Backlog> {
    let statement = "select count(*) filter (where receipt is null and not_before <= now()), \
             count(*) filter (where receipt is not null), \
             count(*) filter (where receipt is null and not_before > now()) \
         from forebay.ingestion_jobs where pipeline_id = $1";
    let row = client.query_typed_one(statement, &[(&pipeline_id, Type::INT4)]).await?;
    let count = |column| -> Result<u64> { Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0)) };
    Ok(Backlog { num_due: count(0)?, num_leased: count(1)?, num_later: count(2)? })
}

async fn end(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    ids: &[SqlId],
    receipts: &[Option<Receipt>],
) -> Result<Vec<Verdict>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = transaction
        .query_typed(
            COMPLETE,
            &[(&pipeline_id, Type::INT4), (&ids, Type::UUID_ARRAY), (&receipts, Type::UUID_ARRAY)],
        )
        .await?;
    rows.iter().map(|row| Ok(Verdict::parse(row.try_get(0)?))).collect()
}

fn change(row: &Row, column: usize) -> Result<Change> {
    // The check constraint allows no other words; content is what matters, so an unknown one is an update.
    Ok(Change::parse(row.try_get(column)?).unwrap_or(Change::Updated))
}

impl Verdict {
    fn parse(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "stale" => Self::Stale,
            "lost" => Self::Lost,
            _ => Self::Busy,
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&ReferenceId(self.0), f)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({self})")
    }
}

impl ToSql for Receipt {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }
    accepts!(UUID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Receipt {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }
    accepts!(UUID);
}
