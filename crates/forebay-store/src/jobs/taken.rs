//! Hand-offs that a transaction holds by row lock.

use forebay_domain::{
    handoff::Change,
    identity::{ReferenceId, VersionHash},
};
use jiff::Timestamp;
use tokio_postgres::{
    Transaction,
    types::{ToSql, Type},
};

use crate::{error::Result, types::SqlId};

/// Ends successful attempts of jobs held by row lock.
pub const COMPLETE_TAKEN: &str = include_str!("complete_taken.sql");

/// A job held by a row lock of the transaction that took it.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// The reference to ingest.
    pub reference_id: ReferenceId,
    /// The content that was handed off. The stored content may be newer; ingest the stored content.
    pub payload_hash: VersionHash,
    /// The generation of the hand-off.
    pub generation: i32,
    /// What happened to it when it was handed off.
    pub change: Change,
    /// The number of this attempt, from 1.
    pub attempt: i32,
}

/// Ends successful attempts of jobs that this transaction has taken, made with the settings declared at this time
/// ([`Pipeline::declared_at`](crate::pipelines::Pipeline::declared_at)). Returns the number of ended jobs; unless it
/// equals the length of `taken`, the caller must roll back.
pub async fn complete_taken(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    taken: &[Taken],
    declared_at: Timestamp,
) -> Result<u64> {
    let ids: Vec<SqlId> = taken.iter().map(|job| SqlId(job.reference_id)).collect();
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&pipeline_id, Type::INT4), (&ids, Type::UUID_ARRAY), (&declared_at, Type::TIMESTAMPTZ)];
    Ok(transaction.execute_typed(COMPLETE_TAKEN, &parameters).await?)
}
