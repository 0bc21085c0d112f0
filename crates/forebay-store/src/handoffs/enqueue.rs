//! Queues changes for pipelines, in the transaction that makes the changes.

use forebay_domain::{
    handoff::{Change, ReasonCode},
    identity::{ReferenceId, VersionHash},
};
use jiff::Timestamp;
use tokio_postgres::{
    GenericClient, Transaction,
    types::{ToSql, Type},
};

use crate::{
    copy::CopyWriter,
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId, sql_ids},
};

/// The channel of notifications (LISTEN) that a pipeline has work; the payload is its `pipeline_id`.
pub const CHANNEL: &str = "forebay_jobs";

/// The other columns have the values of a new reference by default.
const COPY: &str = "copy forebay.ingestion_handoffs (reference_id, run_id, pipeline_id, source_id, payload_hash) \
     from stdin with (format binary)";

/// A pipeline with the changes that it subscribes to.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The pipeline.
    pub pipeline_id: i32,
    /// It takes a new version only if one of these fields changed; empty: any field.
    pub changed_fields: Vec<String>,
    /// Whether it has limits for keys of its payloads.
    pub has_key_limits: bool,
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
    let statement = "select pipeline_id, changed_fields, limit_key is not null as has_key_limits from forebay.pipelines \
         where enabled and (source_name is null or source_name = $1) \
             and (entity_types = '{}' or $2 = any (entity_types)) \
         order by pipeline_id";
    let rows = client.query_typed(statement, &[(&source, Type::TEXT), (&entity_type, Type::TEXT)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Subscriber {
                pipeline_id: row.read("pipeline_id")?,
                changed_fields: row.read("changed_fields")?,
                has_key_limits: row.read("has_key_limits")?,
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
        let mut copy = CopyWriter::begin(transaction, COPY).await?;
        for (reference_id, payload_hash) in added.clone() {
            copy.row(5)
                .await?
                .id(reference_id)
                .int8(queueing.run_id.unwrap_or_default())
                .int4(subscriber.pipeline_id)
                .int4(queueing.source_id)
                .hash(payload_hash);
        }
        num_handoffs += copy.finish().await?;
        set_limit_keys(transaction, subscriber, added.clone().map(|(id, _)| id)).await?;
    }
    if num_handoffs > 0 {
        notify(transaction, queueing.subscribers.iter().map(|subscriber| subscriber.pipeline_id)).await?;
    }
    Ok(num_handoffs)
}

/// Hands off changes of references that may have been handed off before. Older content that waits is superseded, a
/// hand-off whose content is back is reopened, and a claimed one gets exactly one follow-up. Returns the number of
/// hand-offs.
///
/// The caller has locked the references (an update does), so nobody else hands them off meanwhile.
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
        notify(transaction, queueing.subscribers.iter().map(|subscriber| subscriber.pipeline_id)).await?;
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
    let statement = "select forebay_private.enqueue($1, $2, $3, $4, $5, $6, $7, $8, $9) as num_handoffs";
    let parameters: [(&(dyn ToSql + Sync), Type); 9] = [
        (&ids, Type::UUID_ARRAY),
        (&hashes, Type::BYTEA_ARRAY),
        (&versions, Type::INT4_ARRAY),
        (&words, Type::TEXT_ARRAY),
        (&pipelines, Type::INT4_ARRAY),
        (&queueing.run_id, Type::INT8),
        (&queueing.source_id, Type::INT4),
        (&reason.map(ReasonCode::as_str), Type::TEXT),
        (&priority, Type::INT2),
    ];
    transaction.query_typed_one(statement, &parameters).await?.count("num_handoffs")
}

/// Updates the limit keys of open hand-offs, if the pipeline has per-key limits.
async fn set_limit_keys(
    transaction: &impl GenericClient,
    subscriber: &Subscriber,
    ids: impl Iterator<Item = ReferenceId>,
) -> Result<()> {
    if subscriber.has_key_limits {
        let ids: Vec<ReferenceId> = ids.collect();
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&subscriber.pipeline_id, Type::INT4), (&sql_ids(&ids), Type::UUID_ARRAY)];
        transaction.query_typed("select forebay_private.set_limit_keys($1, $2)", &parameters).await?;
    }
    Ok(())
}

/// Notifies the workers of pipelines when the transaction commits. Nothing depends on the notification, so a pooler may
/// drop it.
pub(crate) async fn notify(
    client: &impl GenericClient,
    pipelines: impl IntoIterator<Item = i32>,
) -> Result<()> {
    let pipelines: Vec<i32> = pipelines.into_iter().collect();
    let statement = "select pg_notify($1, pipeline_id::text) \
         from (select distinct pipeline_id from unnest($2::int4[]) as p (pipeline_id)) as p";
    client.query_typed(statement, &[(&CHANNEL, Type::TEXT), (&pipelines, Type::INT4_ARRAY)]).await?;
    Ok(())
}

/// Hands the current content of references off to a pipeline, whatever was handed off before, to be ingested at
/// `due_at` or now. Unknown references are left out. Returns the number of hand-offs.
pub async fn enqueue_requested(
    client: &impl GenericClient,
    pipeline: &str,
    ids: &[ReferenceId],
    due_at: Option<Timestamp>,
) -> Result<u64> {
    let statement = "select forebay.enqueue($1, $2, $3) as num_handoffs";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&pipeline, Type::TEXT), (&sql_ids(ids), Type::UUID_ARRAY), (&due_at, Type::TIMESTAMPTZ)];
    client.query_typed_one(statement, &parameters).await?.count("num_handoffs")
}
