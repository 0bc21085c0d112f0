//! The work of hand-offs: claiming them, ending attempts, and freeing what dead workers held.
//!
//! An open hand-off is held in one of two ways. [`Queue::take`] holds it by a row lock inside a transaction, for
//! handlers whose effect is in this database: nothing is written until the effect and the end of the attempt commit
//! together, so a worker that dies leaves no trace, and its hand-offs are free when the server ends its transaction,
//! at the latest after its current statement. [`claim`] holds it by a receipt and a lease, for work outside the
//! database. Claims use functions in the database (migrations 0007 to 0010). Workers in other languages call the same
//! ones, through functions that check the caller.
//!
//! When changing a statement: persisting waits for the hand-offs that a worker holds, so a worker must never wait while
//! it holds a lock. Workers skip locked rows and answer [`Ack::Busy`].

mod claims;
mod failing;
mod queue;
mod receipt;
mod taken;

use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{error::Result, row::ReadRow};

pub use claims::{Ack, CLAIM, Claimed, Extended, claim, complete, give_back, heartbeat, release};
pub use failing::{Failure, FailureAck, FailureAnswer, FailureReport, fail, fail_taken, rescue};
pub use queue::{GROUPS, Queue, TAKE};
pub use receipt::Receipt;
pub use taken::{COMPLETE_TAKEN, Taken, complete_taken};

/// Finds the pipelines with due jobs.
pub const DUE: &str = include_str!("jobs/due.sql");

/// The open hand-offs of a pipeline that are not held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Claimable now.
    pub num_due: u64,
    /// Claimed under a lease.
    pub num_leased: u64,
    /// Due later.
    pub num_later: u64,
}

impl Backlog {
    /// All of them.
    pub fn num_waiting(&self) -> u64 {
        self.num_due + self.num_leased + self.num_later
    }
}

/// Restricts the planner, for this transaction, to the queue's index and to index lookups. A queue fills faster than
/// its statistics follow, and with outdated statistics the planner sorts the whole queue for every batch. A disabled
/// plan type is only made expensive, so a query without an alternative still runs; JIT is off because that cost would
/// trigger it.
pub async fn hold_plans(transaction: &Transaction<'_>) -> Result<()> {
    let settings = "set local enable_bitmapscan = off; set local enable_hashjoin = off; \
         set local enable_mergejoin = off; set local enable_seqscan = off; set local jit = off";
    Ok(transaction.batch_execute(settings).await?)
}

/// The pipelines with due jobs, including disabled ones.
pub async fn due(client: &impl GenericClient) -> Result<Vec<i32>> {
    client.query_typed(DUE, &[]).await?.iter().map(|row| row.read("pipeline_id")).collect()
}

/// The pipelines with claims of which an operator has cancelled something.
pub async fn cancelled(client: &impl GenericClient) -> Result<Vec<i32>> {
    let statement = "select distinct pipeline_id from forebay.ingestion_claims where cancelled <> '{}'";
    client.query_typed(statement, &[]).await?.iter().map(|row| row.read("pipeline_id")).collect()
}

/// Whether nothing of the pipeline may be claimed now: its receiver or an operator has paused or disabled it.
pub async fn is_paused(client: &impl GenericClient, pipeline_id: i32) -> Result<bool> {
    let statement = "select exists (select from forebay.ingestion_limits \
             where pipeline_id = $1 and limit_key = '' and paused_until > now()) \
         or not exists (select from forebay.pipelines \
             where pipeline_id = $1 and enabled and disabled_at is null) as is_paused";
    client.query_typed_one(statement, &[(&pipeline_id, Type::INT4)]).await?.read("is_paused")
}

/// The number of open hand-offs of some pipelines, counted up to a limit.
pub async fn count_up_to(client: &impl GenericClient, pipeline_ids: &[i32], limit: u64) -> Result<u64> {
    let statement = "select count(*) as num_jobs from ( \
             select 1 from forebay.ingestion_handoffs where pipeline_id = any ($1) limit $2) as counted";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let row =
        client.query_typed_one(statement, &[(&pipeline_ids, Type::INT4_ARRAY), (&limit, Type::INT8)]).await?;
    row.count("num_jobs")
}

/// The number of open hand-offs of a pipeline.
pub async fn backlog(client: &impl GenericClient, pipeline_id: i32) -> Result<Backlog> {
    let statement = "select count(*) filter (where receipt is null and not_before <= now()) as num_due, \
             count(*) filter (where receipt is not null) as num_leased, \
             count(*) filter (where receipt is null and not_before > now()) as num_later \
         from forebay.ingestion_handoffs where pipeline_id = $1 and state <> 'held'";
    let row = client.query_typed_one(statement, &[(&pipeline_id, Type::INT4)]).await?;
    Ok(Backlog {
        num_due: row.count("num_due")?,
        num_leased: row.count("num_leased")?,
        num_later: row.count("num_later")?,
    })
}
