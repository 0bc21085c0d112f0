//! Failed attempts: the retry policy and the record of failures.
//!
//! The rules are in `forebay_domain::handoff`. A function in the database implements them as well, because workers in
//! other languages report through it; a test compares the two for every class and count.

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::{GenericClient, Row, Transaction, types::Type};

use super::receipt::Receipt;
use crate::{error::Result, row::ReadRow, types::SqlId};

/// The failure of an attempt.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The reference that was to be ingested.
    pub reference_id: ReferenceId,
    /// The failure class, which determines what happens next.
    pub class: FailureClass,
    /// The failure's code.
    pub reason_code: String,
    /// The failure's message, one sentence without payload values.
    pub message: String,
    /// When the receiver asks for a retry; `None`: by the policy.
    pub retry_after: Option<SignedDuration>,
}

forebay_domain::words! {
    /// The answer to the report of one failure.
    pub enum FailureAck {
        /// The hand-off will be retried.
        Retrying = "retrying",
        /// The hand-off failed for good.
        Failed = "failed",
        /// Newer content replaces the retry.
        Superseded = "superseded",
        /// An operator has cancelled the attempt, so there is no retry.
        Cancelled = "cancelled",
        /// Refused: the job is held under another receipt, or not held at all.
        Stale = "stale",
        /// Refused: the job no longer exists.
        Lost = "lost",
        /// Another transaction has locked the job or its hand-off; report again.
        Busy = "busy",
    }
}

/// The answer to the report of one failure, with the time of the retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureAnswer {
    /// The new state of the hand-off, or why the report was refused.
    pub ack: FailureAck,
    /// The earliest time of the retry; `None`: no retry.
    pub retry_at: Option<Timestamp>,
}

/// Counts of the answers to reported failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureReport {
    /// Hand-offs that will be retried.
    pub num_retrying: u64,
    /// Hand-offs that failed for good.
    pub num_failed: u64,
    /// Hand-offs whose retry was replaced by newer content.
    pub num_superseded: u64,
    /// Hand-offs whose attempt an operator had cancelled.
    pub num_cancelled: u64,
    /// Refused reports: the receipt was stale or the job gone.
    pub num_refused: u64,
    /// Reports to repeat: the job or its hand-off was locked at that moment.
    pub num_busy: u64,
}

/// Ends claimed attempts that failed, each by its receipt; each reference may occur only once in `failures`. The
/// answers are in their order. `declared_at` as in [`complete`](super::complete).
pub async fn fail(
    client: &impl GenericClient,
    pipeline_id: i32,
    failures: &[(Failure, Receipt)],
    declared_at: Option<Timestamp>,
) -> Result<Vec<FailureAnswer>> {
    let receipts: Vec<Option<Receipt>> = failures.iter().map(|failure| Some(failure.1)).collect();
    let failures: Vec<&Failure> = failures.iter().map(|failure| &failure.0).collect();
    end(client, pipeline_id, &failures, &receipts, declared_at).await
}

/// Ends failed attempts of jobs that this transaction has taken. The answers are in their order. `declared_at` as in
/// [`complete_taken`](super::complete_taken).
pub async fn fail_taken(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    failures: &[Failure],
    declared_at: Timestamp,
) -> Result<Vec<FailureAnswer>> {
    let receipts = vec![None; failures.len()];
    end(transaction, pipeline_id, &failures.iter().collect::<Vec<_>>(), &receipts, Some(declared_at)).await
}

/// Frees the jobs of up to `limit` claims whose lease has expired. Their attempts count as lost: the jobs are
/// retried, replaced by their follow-up, or fail as poison after too many losses.
pub async fn rescue(client: &impl GenericClient, pipeline_id: i32, limit: u32) -> Result<FailureReport> {
    let statement = "select r.verdict from forebay_private.rescue_jobs($1, $2) as r";
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let rows = client.query_typed(statement, &[(&pipeline_id, Type::INT4), (&limit, Type::INT4)]).await?;
    let verdicts: Vec<FailureAck> = rows.iter().map(|row| row.word("verdict")).collect::<Result<_>>()?;
    let report = FailureReport::of(&verdicts);
    if report != FailureReport::default() {
        tracing::info!(
            pipeline_id,
            retrying = report.num_retrying,
            failed = report.num_failed,
            superseded = report.num_superseded,
            cancelled = report.num_cancelled,
            "freed the jobs of claims whose lease has expired"
        );
    }
    Ok(report)
}

async fn end(
    client: &impl GenericClient,
    pipeline_id: i32,
    failures: &[&Failure],
    receipts: &[Option<Receipt>],
    declared_at: Option<Timestamp>,
) -> Result<Vec<FailureAnswer>> {
    if failures.is_empty() {
        return Ok(Vec::new());
    }
    let statement = "select f.verdict, f.retry_at from forebay_private.end_attempts($1, $2, $3, $4, $5, $6, \
             array(select make_interval(secs => w.seconds) from unnest($7::float8[]) with ordinality \
                 as w (seconds, ord) order by w.ord), false, $8) as f";
    let ids: Vec<SqlId> = failures.iter().map(|failure| SqlId(failure.reference_id)).collect();
    let classes: Vec<&str> = failures.iter().map(|failure| failure.class.as_str()).collect();
    let codes: Vec<&str> = failures.iter().map(|failure| failure.reason_code.as_str()).collect();
    let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    let waits: Vec<Option<f64>> =
        failures.iter().map(|failure| failure.retry_after.map(|wait| wait.as_secs_f64().max(0.0))).collect();
    let rows = client
        .query_typed(
            statement,
            &[
                (&pipeline_id, Type::INT4),
                (&ids, Type::UUID_ARRAY),
                (&receipts, Type::UUID_ARRAY),
                (&classes, Type::TEXT_ARRAY),
                (&codes, Type::TEXT_ARRAY),
                (&messages, Type::TEXT_ARRAY),
                (&waits, Type::FLOAT8_ARRAY),
                (&declared_at, Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    let answer = |row: &Row| Ok(FailureAnswer { ack: row.word("verdict")?, retry_at: row.read("retry_at")? });
    rows.iter().map(answer).collect()
}

impl FailureReport {
    /// Counts answers.
    pub fn of(verdicts: &[FailureAck]) -> Self {
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count() as u64;
        Self {
            num_retrying: count(FailureAck::Retrying),
            num_failed: count(FailureAck::Failed),
            num_superseded: count(FailureAck::Superseded),
            num_cancelled: count(FailureAck::Cancelled),
            num_refused: count(FailureAck::Stale) + count(FailureAck::Lost),
            num_busy: count(FailureAck::Busy),
        }
    }
}
