//! Queues changes for pipelines, in the transaction that makes the changes.

use forebay_domain::{
    handoff::{Change, ReasonCode},
    identity::{ReferenceId, VersionHash},
};
use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{
    copy::CopyWriter,
    error::Result,
    pipelines::LimitKey,
    row::ReadRow,
    types::{SqlHash, SqlId, sql_ids},
};

/// Queues changes of references that may have been handed off before.
pub const ENQUEUE: &str = include_str!("enqueue.sql");
/// Sets the limit keys of jobs.
pub const LIMIT_KEYS: &str = include_str!("limit_keys.sql");

/// The channel of notifications (LISTEN) that a pipeline has work; the payload is its `pipeline_id`.
pub const CHANNEL: &str = "forebay_jobs";

const COPY_HANDOFFS: &str = "copy forebay.ingestion_handoffs (reference_id, run_id, pipeline_id, version, \
     payload_hash, state, change, reason_code) from stdin with (format binary)";

const COPY_JOBS: &str = "copy forebay.ingestion_jobs (reference_id, pipeline_id, source_id, payload_hash, change) \
     from stdin with (format binary)";

/// A pipeline with the changes that it subscribes to.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The pipeline.
    pub pipeline_id: i32,
    /// It takes a new version only if one of these fields changed; empty: any field.
    pub changed_fields: Vec<String>,
    /// The key for its per-key limits.
    pub limit_key: Option<LimitKey>,
}

/// Common properties of queued changes.
#[derive(Clone, Copy, Debug)]
pub struct Queueing<'a> {
    /// The pipelines that take them.
    pub subscribers: &'a [Subscriber],
    /// The run that made them; `None`: no run.
    pub run_id: Option<i64>,
    /// The source of the references.
    pub source_id: i32,
}

/// A change to hand off.
#[derive(Clone, Debug)]
pub struct Enqueue {
    /// The changed reference.
    pub reference_id: ReferenceId,
    /// The content to ingest.
    pub payload_hash: VersionHash,
    /// The version of that content.
    pub version: i32,
    /// What happened.
    pub change: Change,
    /// The top-level fields that differ from the previous version; read only for [`Change::Updated`].
    pub changed_fields: Vec<String>,
}

impl Subscriber {
    /// Whether the pipeline takes a change.
    pub fn takes(&self, change: &Enqueue) -> bool {
        change.change != Change::Updated
            || self.changed_fields.is_empty()
            || change.changed_fields.iter().any(|field| self.changed_fields.contains(field))
    }
}

/// The pipelines that take the changes of a source.
pub async fn subscribers_of(
    client: &impl GenericClient,
    source: &str,
    entity_type: &str,
) -> Result<Vec<Subscriber>> {
    let statement = "select pipeline_id, changed_fields, limit_key, limit_key_is_url from forebay.pipelines \
         where enabled and (source_name is null or source_name = $1) \
             and (entity_types = '{}' or $2 = any (entity_types)) \
         order by pipeline_id";
    let rows = client.query_typed(statement, &[(&source, Type::TEXT), (&entity_type, Type::TEXT)]).await?;
    rows.iter()
        .map(|row| {
            let path: Option<Vec<String>> = row.read("limit_key")?;
            let is_url = row.read("limit_key_is_url")?;
            Ok(Subscriber {
                pipeline_id: row.read("pipeline_id")?,
                changed_fields: row.read("changed_fields")?,
                limit_key: path.map(|path| LimitKey { path, is_url }),
            })
        })
        .collect()
}

/// Hands off references that this transaction has just added; they can't have older hand-offs. Returns the number of
/// hand-offs.
pub async fn enqueue_added(
    transaction: &Transaction<'_>,
    queueing: &Queueing<'_>,
    added: impl Iterator<Item = (ReferenceId, VersionHash)> + Clone,
) -> Result<u64> {
    let mut num_handoffs = 0;
    for subscriber in queueing.subscribers {
        let mut copy = CopyWriter::begin(transaction, COPY_HANDOFFS).await?;
        for (reference_id, payload_hash) in added.clone() {
            copy.row(8)
                .await?
                .id(reference_id)
                .int8(queueing.run_id.unwrap_or_default())
                .int4(subscriber.pipeline_id)
                .int4(1)
                .hash(payload_hash)
                .text("pending")
                .text(Change::Added.as_str())
                .text("added");
        }
        num_handoffs += copy.finish().await?;
        let mut copy = CopyWriter::begin(transaction, COPY_JOBS).await?;
        for (reference_id, payload_hash) in added.clone() {
            copy.row(5)
                .await?
                .id(reference_id)
                .int4(subscriber.pipeline_id)
                .int4(queueing.source_id)
                .hash(payload_hash)
                .text(Change::Added.as_str());
        }
        copy.finish().await?;
        set_limit_keys(transaction, subscriber, added.clone().map(|(id, _)| id)).await?;
    }
    if num_handoffs > 0 {
        notify(transaction, queueing.subscribers).await?;
    }
    Ok(num_handoffs)
}

/// Hands off changes of references that may have been handed off before. Older content that waits is superseded, a
/// hand-off whose content is back is reopened, and a claimed job gets exactly one follow-up. Returns the number of
/// hand-offs.
pub async fn enqueue_changed(
    transaction: &impl GenericClient,
    queueing: &Queueing<'_>,
    changes: &[Enqueue],
) -> Result<u64> {
    let mut num_handoffs = 0;
    // Most pipelines take everything: one statement serves all of them.
    let (selective, plain): (Vec<&Subscriber>, Vec<&Subscriber>) =
        queueing.subscribers.iter().partition(|subscriber| !subscriber.changed_fields.is_empty());
    let all: Vec<&Enqueue> = changes.iter().collect();
    num_handoffs += enqueue(transaction, queueing, &plain, &all, None, 0).await?;
    for subscriber in selective {
        let wanted: Vec<&Enqueue> = changes.iter().filter(|change| subscriber.takes(change)).collect();
        num_handoffs += enqueue(transaction, queueing, &[subscriber], &wanted, None, 0).await?;
    }
    if num_handoffs > 0 {
        notify(transaction, queueing.subscribers).await?;
    }
    Ok(num_handoffs)
}

/// Hands off each of `changes` to each of `subscribers`. `reason` overrides the reason code of the change.
pub(super) async fn enqueue(
    transaction: &impl GenericClient,
    queueing: &Queueing<'_>,
    subscribers: &[&Subscriber],
    changes: &[&Enqueue],
    reason: Option<ReasonCode>,
    priority: i16,
) -> Result<u64> {
    if subscribers.is_empty() || changes.is_empty() {
        return Ok(0);
    }
    let ids: Vec<SqlId> = changes.iter().map(|c| SqlId(c.reference_id)).collect();
    let hashes: Vec<SqlHash> = changes.iter().map(|c| SqlHash(c.payload_hash)).collect();
    let versions: Vec<i32> = changes.iter().map(|c| c.version).collect();
    let words: Vec<&str> = changes.iter().map(|c| c.change.as_str()).collect();
    let pipelines: Vec<i32> = subscribers.iter().map(|subscriber| subscriber.pipeline_id).collect();
    let num_handoffs = transaction
        .execute_typed(
            ENQUEUE,
            &[
                (&ids, Type::UUID_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&versions, Type::INT4_ARRAY),
                (&words, Type::TEXT_ARRAY),
                (&pipelines, Type::INT4_ARRAY),
                (&queueing.run_id, Type::INT8),
                (&queueing.source_id, Type::INT4),
                (&reason.map(ReasonCode::as_str), Type::TEXT),
                (&priority, Type::INT2),
            ],
        )
        .await?;
    for subscriber in subscribers {
        set_limit_keys(transaction, subscriber, changes.iter().map(|change| change.reference_id)).await?;
    }
    Ok(num_handoffs)
}

/// Updates the limit keys of jobs, if the pipeline has per-key limits.
async fn set_limit_keys(
    transaction: &impl GenericClient,
    subscriber: &Subscriber,
    ids: impl Iterator<Item = ReferenceId>,
) -> Result<()> {
    let Some(key) = &subscriber.limit_key else { return Ok(()) };
    let ids: Vec<ReferenceId> = ids.collect();
    transaction
        .execute_typed(
            LIMIT_KEYS,
            &[
                (&subscriber.pipeline_id, Type::INT4),
                (&sql_ids(&ids), Type::UUID_ARRAY),
                (&key.path, Type::TEXT_ARRAY),
                (&key.is_url, Type::BOOL),
            ],
        )
        .await?;
    Ok(())
}

/// Notifies the workers of pipelines when this transaction commits. Nothing depends on the notification, so a pooler
/// may drop it.
pub(super) async fn notify(transaction: &impl GenericClient, subscribers: &[Subscriber]) -> Result<()> {
    let pipelines: Vec<i32> = subscribers.iter().map(|subscriber| subscriber.pipeline_id).collect();
    let statement = "select pg_notify($1, pipeline_id::text) from unnest($2::int4[]) as p (pipeline_id)";
    transaction.query_typed(statement, &[(&CHANNEL, Type::TEXT), (&pipelines, Type::INT4_ARRAY)]).await?;
    Ok(())
}
