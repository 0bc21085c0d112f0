//! Attempts that failed: what the policy makes of them, and the trail that they leave.
//!
//! Two statements with the rules of `forebay_domain::handoff` in between: the first locks and reads what the policy
//! must know, the second writes what it decided. Randomness for the waits comes from the database, once a row.

use forebay_domain::{
    handoff::{Event, FailureClass, ReasonCode, State, backoff, end_attempt, failure_event},
    identity::ReferenceId,
};
use jiff::SignedDuration;
use tokio_postgres::{Transaction, types::Type};

use super::{Receipt, Verdict};
use crate::{error::Result, types::SqlId};

/// Reads what the policy must know.
pub const FAILING: &str = include_str!("failing.sql");
/// Writes what the policy decided.
pub const FAIL: &str = include_str!("fail.sql");
/// Finds claims whose lease has ended.
pub const EXPIRED: &str = include_str!("expired.sql");

/// How an attempt failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The reference that was to be ingested.
    pub reference_id: ReferenceId,
    /// Decides what happens next.
    pub class: FailureClass,
    /// What failed, as a stable word.
    pub reason_code: String,
    /// What failed, as a sentence without anything from the payload.
    pub message: String,
    /// When the other side wants to be asked again; None: as the policy says.
    pub retry_after: Option<SignedDuration>,
}

/// What became of failures that were reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureReport {
    /// Hand-offs that will be tried again.
    pub num_retrying: u64,
    /// Hand-offs that were given up.
    pub num_failed: u64,
    /// Hand-offs whose retry gave way to newer content.
    pub num_superseded: u64,
    /// Reports that were refused, because the receipt was stale or the job gone.
    pub num_refused: u64,
    /// Reports to make again, because the job or its hand-off was locked at that moment.
    pub num_busy: u64,
}

/// What is written of one failure.
struct Decision<'a> {
    failure: &'a Failure,
    class: FailureClass,
    state: State,
    reason: ReasonCode,
    attempt: i32,
    delay: SignedDuration,
}

/// Ends claimed attempts that failed, each by its receipt; each reference may be one of `failures` only once.
pub async fn fail(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    failures: &[(Failure, Receipt)],
) -> Result<FailureReport> {
    let receipts: Vec<Option<Receipt>> = failures.iter().map(|failure| Some(failure.1)).collect();
    let failures: Vec<&Failure> = failures.iter().map(|failure| &failure.0).collect();
    end(transaction, pipeline_id, &failures, &receipts).await
}

/// Ends attempts of jobs that this transaction has taken and that failed.
pub async fn fail_taken(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    failures: &[Failure],
) -> Result<FailureReport> {
    let receipts = vec![None; failures.len()];
    end(transaction, pipeline_id, &failures.iter().collect::<Vec<_>>(), &receipts).await
}

/// Frees up to `limit` jobs whose lease has ended, as attempts that were lost: they are tried again, give way to the
/// newer content that waits, or are given up as poison when that has happened too often.
pub async fn rescue(transaction: &Transaction<'_>, pipeline_id: i32, limit: u32) -> Result<FailureReport> {
    let rows = transaction
        .query_typed(EXPIRED, &[(&pipeline_id, Type::INT4), (&i64::from(limit), Type::INT8)])
        .await?;
    let mut failures = Vec::with_capacity(rows.len());
    for row in &rows {
        let failure = Failure {
            reference_id: row.try_get::<_, SqlId>(0)?.0,
            class: FailureClass::Lost,
            reason_code: "lease_expired".to_owned(),
            message: "the worker did not report before its lease ended".to_owned(),
            retry_after: None,
        };
        failures.push((failure, row.try_get::<_, Receipt>(1)?));
    }
    fail(transaction, pipeline_id, &failures).await
}

async fn end(
    transaction: &Transaction<'_>,
    pipeline_id: i32,
    failures: &[&Failure],
    receipts: &[Option<Receipt>],
) -> Result<FailureReport> {
    let mut report = FailureReport::default();
    if failures.is_empty() {
        return Ok(report);
    }
    let ids: Vec<SqlId> = failures.iter().map(|failure| SqlId(failure.reference_id)).collect();
    let classes: Vec<&str> = failures.iter().map(|failure| failure.class.as_str()).collect();
    let rows = transaction
        .query_typed(
            FAILING,
            &[
                (&pipeline_id, Type::INT4),
                (&ids, Type::UUID_ARRAY),
                (&receipts, Type::UUID_ARRAY),
                (&classes, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    let mut decisions = Vec::with_capacity(failures.len());
    let mut gone = Vec::new();
    for row in &rows {
        let index = usize::try_from(row.try_get::<_, i32>(0)?).unwrap_or_default();
        let Some(&failure) = failures.get(index) else { continue };
        match row.try_get(1)? {
            "done" => {}
            // It has lost its hand-off: there is no promise left to keep.
            "gone" => {
                gone.push((ids[index], receipts[index]));
                continue;
            }
            "busy" => {
                report.num_busy += 1;
                continue;
            }
            _ => {
                report.num_refused += 1;
                continue;
            }
        }
        let num_failures = u32::try_from(row.try_get::<_, i32>(3)?).unwrap_or(0).saturating_add(1);
        let has_follow_up = row.try_get(4)?;
        let decision = decide(failure, row.try_get(2)?, num_failures, has_follow_up, row.try_get(6)?);
        match decision.state {
            State::Retrying => report.num_retrying += 1,
            State::Superseded => report.num_superseded += 1,
            // The same content was handed off again, which its follow-up takes care of.
            _ if !row.try_get::<_, bool>(5)? => report.num_superseded += 1,
            _ => report.num_failed += 1,
        }
        decisions.push(decision);
    }
    write(transaction, pipeline_id, &decisions).await?;
    let (gone, gone_receipts): (Vec<SqlId>, Vec<Option<Receipt>>) = gone.into_iter().unzip();
    let verdicts = super::end(transaction, pipeline_id, &gone, &gone_receipts).await?;
    report.num_refused +=
        u64::try_from(verdicts.iter().filter(|v| **v == Verdict::Done).count()).unwrap_or(0);
    Ok(report)
}

/// Asks the rules what a failure means. `num_failures` counts this one.
fn decide(
    failure: &Failure,
    attempt: i32,
    num_failures: u32,
    has_follow_up: bool,
    jitter: f64,
) -> Decision<'_> {
    let event = failure_event(failure.class, num_failures);
    let class = if let Event::FailedWith(class) = event { class } else { failure.class };
    // Every event of a failure applies to an active hand-off; should a new one not, giving up does the least harm.
    let (state, reason) = end_attempt(event, has_follow_up)
        .map_or((State::Failed, ReasonCode::AttemptsExhausted), |transition| {
            (transition.to, transition.reason.unwrap_or(ReasonCode::Transient))
        });
    let delay = failure
        .retry_after
        .or_else(|| backoff(failure.class, num_failures, jitter))
        .unwrap_or(SignedDuration::ZERO);
    Decision { failure, class, state, reason, attempt, delay }
}

async fn write(transaction: &Transaction<'_>, pipeline_id: i32, decisions: &[Decision<'_>]) -> Result<()> {
    if decisions.is_empty() {
        return Ok(());
    }
    let ids: Vec<SqlId> = decisions.iter().map(|d| SqlId(d.failure.reference_id)).collect();
    let states: Vec<&str> = decisions.iter().map(|d| d.state.as_str()).collect();
    let reasons: Vec<&str> = decisions.iter().map(|d| d.reason.as_str()).collect();
    let uses: Vec<bool> = decisions.iter().map(|d| d.class.policy().uses_attempt).collect();
    let classes: Vec<&str> = decisions.iter().map(|d| d.class.as_str()).collect();
    let codes: Vec<&str> = decisions.iter().map(|d| d.failure.reason_code.as_str()).collect();
    let messages: Vec<&str> = decisions.iter().map(|d| d.failure.message.as_str()).collect();
    let attempts: Vec<i32> = decisions.iter().map(|d| d.attempt).collect();
    let delays: Vec<f64> = decisions.iter().map(|d| d.delay.as_secs_f64()).collect();
    transaction
        .execute_typed(
            FAIL,
            &[
                (&pipeline_id, Type::INT4),
                (&ids, Type::UUID_ARRAY),
                (&states, Type::TEXT_ARRAY),
                (&reasons, Type::TEXT_ARRAY),
                (&uses, Type::BOOL_ARRAY),
                (&classes, Type::TEXT_ARRAY),
                (&codes, Type::TEXT_ARRAY),
                (&messages, Type::TEXT_ARRAY),
                (&attempts, Type::INT4_ARRAY),
                (&delays, Type::FLOAT8_ARRAY),
            ],
        )
        .await?;
    Ok(())
}
