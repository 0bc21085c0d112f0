//! Hand-offs for operators: lists, counts, and details of one reference.
//!
//! These statements only read and lock nothing. Lists and counts scan all hand-offs of a pipeline: an index for them
//! would slow down every hand-off.

use forebay_domain::{
    handoff::{Change, FailureClass, ReasonCode, State},
    identity::{ReferenceId, VersionHash},
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

/// Lists hand-offs.
pub const LIST: &str = include_str!("list.sql");
/// Groups failed attempts by reason.
pub const FAILURES: &str = include_str!("failures.sql");

/// A hand-off with the names of its source and pipeline.
#[derive(Clone, Debug)]
pub struct HandoffRow {
    /// The reference to ingest.
    pub reference_id: ReferenceId,
    /// Its source's name; `None`: the reference was permanently deleted.
    pub source: Option<String>,
    /// Its key in the source; `None`: the reference was permanently deleted.
    pub record_key: Option<String>,
    /// The pipeline that ingests it.
    pub pipeline: String,
    /// Its state: a word of `forebay_domain::handoff::State`.
    pub state: String,
    /// The reason code of its state.
    pub reason_code: String,
    /// What happened to the reference.
    pub change: String,
    /// The reference's version when it was queued.
    pub version: i32,
    /// Number of times this content was handed off.
    pub generation: i32,
    /// Failed attempts.
    pub num_attempts: i32,
    /// The code of the last failed attempt, defined by its handler.
    pub failure_code: Option<String>,
    /// The message of the last failed attempt.
    pub last_error: Option<String>,
    /// The hash of the content.
    pub payload_hash: VersionHash,
    /// The run whose change queued it.
    pub run_id: Option<i64>,
    /// When it was last queued.
    pub enqueued_at: Timestamp,
    /// When it reached a final state.
    pub finished_at: Option<Timestamp>,
}

/// The position of a hand-off in the list, from which the next page continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffCursor {
    /// When it was last queued.
    pub enqueued_at: Timestamp,
    /// The reference's version.
    pub version: i32,
    /// The reference.
    pub reference_id: ReferenceId,
    /// The pipeline.
    pub pipeline: String,
}

/// Which hand-offs to list.
#[derive(Clone, Debug, Default)]
pub struct HandoffFilter {
    /// Only of this pipeline.
    pub pipeline: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only of this reference.
    pub reference_id: Option<ReferenceId>,
    /// Only with this reason, or with this code of the last attempt.
    pub reason_code: Option<String>,
    /// Only this failure code of the last attempt.
    pub failure_code: Option<String>,
    /// Only of references of this source.
    pub source: Option<String>,
    /// Only those that ended at this time or later, or, if not ended, were queued then.
    pub since: Option<Timestamp>,
    /// Only hand-offs after this place in the list.
    pub after: Option<HandoffCursor>,
    /// Maximum number, newest first.
    pub limit: i64,
}

/// The number of hand-offs with the same state and reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffCount {
    /// The pipeline.
    pub pipeline: String,
    /// Their state.
    pub state: String,
    /// Their reason code.
    pub reason_code: String,
    /// The code of their last attempts.
    pub failure_code: Option<String>,
    /// Number of hand-offs.
    pub num_handoffs: u64,
    /// When the oldest of them was queued.
    pub oldest_enqueued_at: Timestamp,
}

/// The claimable work for a reference.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// The pipeline that does it.
    pub pipeline: String,
    /// The content to ingest.
    pub payload_hash: VersionHash,
    /// Attempts begun.
    pub attempt: i32,
    /// When it becomes claimable.
    pub not_before: Timestamp,
    /// When the lease of its claim expires; `None`: not claimed.
    pub lease_until: Option<Timestamp>,
    /// The name that the worker of that claim gave.
    pub worker: Option<String>,
    /// Newer content waits for the attempt to end.
    pub has_follow_up: bool,
}

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// The pipeline that tried.
    pub pipeline: String,
    /// The content of the attempt.
    pub payload_hash: VersionHash,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// The failure class, which determines what happens next: transient, throttled, permanent, poison or lost.
    pub failure_class: String,
    /// The code of the failure.
    pub reason_code: String,
    /// The message of the failure.
    pub message: String,
    /// When it failed.
    pub failed_at: Timestamp,
}

/// The number of attempts that failed for the same reason.
#[derive(Clone, Debug)]
pub struct FailureCount {
    /// The pipeline that tried.
    pub pipeline: String,
    /// The failure class: transient, throttled, permanent, poison or lost.
    pub failure_class: String,
    /// The code of the failure.
    pub reason_code: String,
    /// Number of attempts.
    pub num_attempts: u64,
    /// The message of one of them.
    pub message: String,
}

/// Every failure code of a hand-off, sorted.
pub async fn failure_codes(client: &impl GenericClient) -> Result<Vec<String>> {
    let statement = "select failure_code from forebay.handoffs where failure_code is not null \
         union select reason_code from forebay.ingestion_attempts order by failure_code";
    client.query_typed(statement, &[]).await?.iter().map(|row| row.read("failure_code")).collect()
}

/// Lists hand-offs, newest first.
pub async fn list(client: &impl GenericClient, filter: &HandoffFilter) -> Result<Vec<HandoffRow>> {
    select(client, LIST, filter).await?.iter().map(handoff).collect()
}

/// Runs a statement with the parameters of the list.
pub(super) async fn select(
    client: &impl GenericClient,
    statement: &str,
    filter: &HandoffFilter,
) -> Result<Vec<Row>> {
    let after = filter.after.as_ref();
    let rows = client
        .query_typed(
            statement,
            &[
                (&filter.pipeline, Type::TEXT),
                (&filter.state, Type::TEXT),
                (&filter.reference_id.map(SqlId), Type::UUID),
                (&filter.limit, Type::INT8),
                (&filter.reason_code, Type::TEXT),
                (&filter.source, Type::TEXT),
                (&filter.since, Type::TIMESTAMPTZ),
                (&after.map(|place| place.enqueued_at), Type::TIMESTAMPTZ),
                (&after.map(|place| place.version), Type::INT4),
                (&after.map(|place| SqlId(place.reference_id)), Type::UUID),
                (&after.map(|place| place.pipeline.as_str()), Type::TEXT),
                (&filter.failure_code, Type::TEXT),
            ],
        )
        .await?;
    Ok(rows)
}

/// Counts hand-offs by pipeline, state, reason and the code of their last attempt.
pub async fn counts(client: &impl GenericClient, pipeline: Option<&str>) -> Result<Vec<HandoffCount>> {
    let statement = "select pipeline, state, reason_code, failure_code, num_handoffs, \
             oldest_enqueued_at from forebay.handoff_counts where $1::text is null or pipeline = $1 \
         order by pipeline, state, num_handoffs desc, reason_code, failure_code";
    let rows = client.query_typed(statement, &[(&pipeline, Type::TEXT)]).await?;
    rows.iter()
        .map(|row| {
            Ok(HandoffCount {
                pipeline: row.read("pipeline")?,
                state: row.word::<State>("state")?.to_string(),
                reason_code: row.word::<ReasonCode>("reason_code")?.to_string(),
                failure_code: row.read("failure_code")?,
                num_handoffs: row.count("num_handoffs")?,
                oldest_enqueued_at: row.read("oldest_enqueued_at")?,
            })
        })
        .collect()
}

/// What is open of a reference and not held: at most one for each pipeline.
pub async fn jobs_of(client: &impl GenericClient, reference_id: ReferenceId) -> Result<Vec<JobRow>> {
    let statement = "select p.name as pipeline, j.payload_hash, j.attempt, j.not_before, c.lease_until, c.worker, \
             j.next_payload_hash is not null as has_follow_up \
         from forebay.ingestion_handoffs as j join forebay.pipelines as p using (pipeline_id) \
         left join forebay.ingestion_claims as c using (receipt) \
         where j.reference_id = $1 and j.state <> 'held' order by p.name";
    let rows = client.query_typed(statement, &[(&SqlId(reference_id), Type::UUID)]).await?;
    rows.iter()
        .map(|row| {
            Ok(JobRow {
                pipeline: row.read("pipeline")?,
                payload_hash: row.read::<SqlHash>("payload_hash")?.0,
                attempt: row.read("attempt")?,
                not_before: row.read("not_before")?,
                lease_until: row.read("lease_until")?,
                worker: row.read("worker")?,
                has_follow_up: row.read("has_follow_up")?,
            })
        })
        .collect()
}

/// The failed attempts of a reference, at most `limit`, newest first.
pub async fn attempts_of(
    client: &impl GenericClient,
    reference_id: ReferenceId,
    limit: i64,
) -> Result<Vec<AttemptRow>> {
    let statement = "select p.name as pipeline, a.payload_hash, a.attempt, a.failure_class, a.reason_code, a.message, \
             a.failed_at \
         from forebay.ingestion_attempts as a join forebay.pipelines as p using (pipeline_id) \
         where a.reference_id = $1 order by a.attempt_id desc limit $2";
    let rows =
        client.query_typed(statement, &[(&SqlId(reference_id), Type::UUID), (&limit, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(AttemptRow {
                pipeline: row.read("pipeline")?,
                payload_hash: row.read::<SqlHash>("payload_hash")?.0,
                attempt: row.read("attempt")?,
                failure_class: row.word::<FailureClass>("failure_class")?.to_string(),
                reason_code: row.read("reason_code")?,
                message: row.read("message")?,
                failed_at: row.read("failed_at")?,
            })
        })
        .collect()
}

/// The database's clock, for a later [`failures_since`].
pub async fn now(client: &impl GenericClient) -> Result<Timestamp> {
    client.query_typed_one("select now()", &[]).await?.read("now")
}

/// The failures since a time of the database's clock, by pipeline, most frequent first.
pub async fn failures_since(client: &impl GenericClient, since: Timestamp) -> Result<Vec<FailureCount>> {
    let rows = client.query_typed(FAILURES, &[(&since, Type::TIMESTAMPTZ)]).await?;
    rows.iter()
        .map(|row| {
            Ok(FailureCount {
                pipeline: row.read("pipeline")?,
                failure_class: row.word::<FailureClass>("failure_class")?.to_string(),
                reason_code: row.read("reason_code")?,
                num_attempts: row.count("num_attempts")?,
                message: row.read("message")?,
            })
        })
        .collect()
}

fn handoff(row: &Row) -> Result<HandoffRow> {
    Ok(HandoffRow {
        reference_id: row.read::<SqlId>("reference_id")?.0,
        source: row.read("source")?,
        record_key: row.read("record_key")?,
        pipeline: row.read("pipeline")?,
        state: row.word::<State>("state")?.to_string(),
        reason_code: row.word::<ReasonCode>("reason_code")?.to_string(),
        change: row.word::<Change>("change")?.to_string(),
        version: row.read("version")?,
        generation: row.read("generation")?,
        num_attempts: row.read("num_attempts")?,
        last_error: row.read("last_error")?,
        payload_hash: row.read::<SqlHash>("payload_hash")?.0,
        run_id: row.read("run_id")?,
        enqueued_at: row.read("enqueued_at")?,
        finished_at: row.read("finished_at")?,
        failure_code: row.read("failure_code")?,
    })
}
