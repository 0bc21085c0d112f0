//! The hand-off: queueing a change for each pipeline that takes it, in the transaction that makes the change.

use forebay_domain::{
    handoff::Change,
    identity::{ReferenceId, VersionHash},
};
use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{
    copy::CopyWriter,
    error::Result,
    types::{SqlHash, SqlId},
};

mod show;
pub use show::{
    AttemptRow, FAILURES, FailureCount, HandoffCount, HandoffFilter, HandoffRow, JobRow, LIST, attempts_of,
    counts, failures_since, jobs_of, list, now,
};

/// Queues changes of references that may have been handed off before.
pub const ENQUEUE: &str = include_str!("handoffs/enqueue.sql");

const COPY_HANDOFFS: &str = "copy forebay.ingestion_handoffs (reference_id, run_id, pipeline_id, version, \
     payload_hash, state, change, reason_code) from stdin with (format binary)";

const COPY_JOBS: &str = "copy forebay.ingestion_jobs (pipeline_id, reference_id, payload_hash, change) \
     from stdin with (format binary)";

/// A change to hand off.
#[derive(Clone, Copy, Debug)]
pub struct Enqueue {
    /// What changed.
    pub reference_id: ReferenceId,
    /// The content to ingest.
    pub payload_hash: VersionHash,
    /// The version of that content.
    pub version: i32,
    /// What happened.
    pub change: Change,
}

/// The pipelines that take the changes of a source.
pub async fn pipelines_of(client: &impl GenericClient, source: &str) -> Result<Vec<i32>> {
    let rows = client
        .query_typed(
            "select pipeline_id from forebay.pipelines \
             where enabled and (source_name is null or source_name = $1) order by pipeline_id",
            &[(&source, Type::TEXT)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Hands off references that this transaction has just added, so nothing can be in the way. Tells how many hand-offs
/// that made.
pub async fn enqueue_added(
    transaction: &Transaction<'_>,
    pipelines: &[i32],
    run_id: i64,
    added: impl Iterator<Item = (ReferenceId, VersionHash)> + Clone,
) -> Result<u64> {
    let mut num_handoffs = 0;
    for &pipeline_id in pipelines {
        let mut copy = CopyWriter::begin(transaction, COPY_HANDOFFS).await?;
        for (reference_id, payload_hash) in added.clone() {
            copy.row(8)
                .await?
                .id(reference_id)
                .int8(run_id)
                .int4(pipeline_id)
                .int4(1)
                .hash(payload_hash)
                .text("pending")
                .text(Change::Added.as_str())
                .text("added");
        }
        num_handoffs += copy.finish().await?;
        let mut copy = CopyWriter::begin(transaction, COPY_JOBS).await?;
        for (reference_id, payload_hash) in added.clone() {
            copy.row(4)
                .await?
                .int4(pipeline_id)
                .id(reference_id)
                .hash(payload_hash)
                .text(Change::Added.as_str());
        }
        copy.finish().await?;
    }
    Ok(num_handoffs)
}

/// Hands off changes of references that may have been handed off before: supersedes what waits with older content,
/// reopens a hand-off whose content is back, and leaves exactly one follow-up to a job that is being worked on. Tells
/// how many hand-offs that made.
pub async fn enqueue_changed(
    transaction: &impl GenericClient,
    pipelines: &[i32],
    run_id: i64,
    changes: &[Enqueue],
) -> Result<u64> {
    if pipelines.is_empty() || changes.is_empty() {
        return Ok(0);
    }
    let ids: Vec<SqlId> = changes.iter().map(|c| SqlId(c.reference_id)).collect();
    let hashes: Vec<SqlHash> = changes.iter().map(|c| SqlHash(c.payload_hash)).collect();
    let versions: Vec<i32> = changes.iter().map(|c| c.version).collect();
    let words: Vec<&str> = changes.iter().map(|c| c.change.as_str()).collect();
    let num_handoffs = transaction
        .execute_typed(
            ENQUEUE,
            &[
                (&ids, Type::UUID_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&versions, Type::INT4_ARRAY),
                (&words, Type::TEXT_ARRAY),
                (&pipelines, Type::INT4_ARRAY),
                (&run_id, Type::INT8),
            ],
        )
        .await?;
    Ok(num_handoffs)
}
