//! Leased work: claim hand-offs under a receipt, let the handler have its effect, report.
//!
//! In between, the worker holds nothing in the database but the lease, which it extends while the handler works. A
//! worker that dies, or that cannot reach the database, reports nothing: its lease expires and another worker claims
//! the hand-offs. So delivery is at least once. The receipt makes the database refuse a late report.

use std::{future::Future, time::Duration};

use forebay_domain::{backoff, identity::ReferenceId};
use forebay_store::{
    connect::Database,
    jobs::{self, Claimed, Failure, Receipt},
    pipelines::Pipeline,
};
use jiff::SignedDuration;

use super::{
    batch::Batch,
    conflict::{MAX_ATTEMPTS, back_off, is_conflict},
    event::{Event, Outcome},
    handlers::LeasedHandler,
    skew::skew,
    trace,
};
use crate::{
    clock,
    error::{Error, Result},
};

/// How long a claim holds without a heartbeat. The worker sends three in that time, however long the handler takes, so
/// the hand-offs of a dead worker are free again soon.
const LEASE: Duration = Duration::from_mins(1);
/// How often a report is attempted when it meets a lock or an unreachable database.
const MAX_REPORTS: u32 = 12;
/// The wait after the first report that failed; it doubles with each further one, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(2);
/// The longest wait between two reports: still short against the lease.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Delivers up to `limit` hand-offs. If `cut_off` is done before the handler is, the handler is stopped and its
/// hand-offs are released.
pub(super) async fn run(
    database: &Database,
    pipeline: &Pipeline,
    handler: &LeasedHandler,
    limit: u32,
    worker: &str,
    cut_off: impl Future<Output = ()>,
) -> Result<Batch> {
    let name = pipeline.spec.name.as_str();
    let limit = limit.min(handler.batch());
    let before = clock::now();
    let claimed = claim(database, name, limit, worker).await?;
    let Some(first) = claimed.first() else { return Ok(Batch::default()) };
    // A lease begins at the database's time.
    let skew = skew(first.lease_until - LEASE, before, clock::now());
    let receipt = first.receipt;
    trace::claimed(claimed.len());
    let keys: Vec<(ReferenceId, Receipt)> =
        claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
    let events: Vec<Event> = claimed.into_iter().map(|job| event(job, skew)).collect();
    let outcomes = tokio::select! {
        outcomes = handler.deliver(&events) => Some(outcomes),
        () = until_lost(database, name, receipt) => {
            // Other workers may claim these hand-offs now, and the database would refuse any report.
            tracing::warn!("lost the lease of a claim; its hand-offs will be delivered again");
            return Ok(Batch { num_claimed: keys.len() as u64, ..Batch::default() });
        }
        () = cut_off => None,
    };
    match outcomes {
        Some(Ok(outcomes)) => {
            trace_outcomes(&events, &outcomes);
            report(database, pipeline, &keys, outcomes).await
        }
        Some(Err(error)) => {
            // The handler itself cannot work, so no hand-off failed.
            give_back(database, name, &keys).await?;
            Err(error)
        }
        None => {
            give_back(database, name, &keys).await?;
            tracing::info!("released, because this worker stops");
            Ok(Batch::default())
        }
    }
}

fn trace_outcomes(events: &[Event], outcomes: &[Outcome]) {
    for (event, outcome) in events.iter().zip(outcomes) {
        match outcome {
            Outcome::Done => trace::delivered(&event.span),
            Outcome::Failed { class, reason_code, message, retry_after } => {
                trace::failed(&event.span, *class, reason_code, message, *retry_after);
            }
        }
    }
}

/// Claims hand-offs. A claim that conflicts with another one is tried again.
async fn claim(database: &Database, pipeline: &str, limit: u32, worker: &str) -> Result<Vec<Claimed>> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let client = database.client().await?;
        match jobs::claim(&**client, pipeline, limit, LEASE, worker).await.map_err(Error::from) {
            Err(error) if is_conflict(&error) && attempts < MAX_ATTEMPTS => {
                drop(client);
                back_off(attempts).await;
            }
            result => return result,
        }
    }
}

fn event(job: Claimed, skew: SignedDuration) -> Event {
    Event {
        skew,
        span: trace::handoff(job.reference_id, job.attempt),
        reference_id: job.reference_id,
        source: job.source,
        entity_type: job.entity_type,
        record_key: job.record_key,
        change: job.change,
        payload_hash: job.payload_hash,
        generation: job.generation,
        attempt: job.attempt,
        version: job.version,
        changed_at: job.changed_at,
        payload: job.payload,
    }
}

/// Extends the lease again and again, and ends when it is lost. A short outage of the database loses nothing yet.
async fn until_lost(database: &Database, pipeline: &str, receipt: Receipt) {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        let extended = async {
            let client = database.client().await?;
            jobs::heartbeat(&**client, pipeline, &[receipt], LEASE).await
        };
        if let Ok(answers) = extended.await
            && answers.iter().all(Option::is_none)
        {
            return;
        }
    }
}

/// Ends the attempts with the outcomes that the handler gave.
async fn report(
    database: &Database,
    pipeline: &Pipeline,
    keys: &[(ReferenceId, Receipt)],
    outcomes: Vec<Outcome>,
) -> Result<Batch> {
    let mut done = Vec::new();
    let mut failed = Vec::new();
    for (&(reference_id, receipt), outcome) in keys.iter().zip(outcomes) {
        match outcome {
            Outcome::Done => done.push((reference_id, receipt)),
            Outcome::Failed { class, reason_code, message, retry_after } => {
                failed.push((Failure { reference_id, class, reason_code, message, retry_after }, receipt));
            }
        }
    }
    let mut batch = Batch { num_claimed: keys.len() as u64, ..Batch::default() };
    let mut attempts = 0;
    // Each further attempt repeats the reports that met a lock.
    loop {
        let reported = report_once(database, pipeline, &mut done, &mut failed, &mut batch).await;
        if reported.is_ok() && done.is_empty() && failed.is_empty() {
            return Ok(batch);
        }
        attempts += 1;
        if attempts >= MAX_REPORTS {
            // The lease will expire and the hand-offs are delivered again: at least once.
            return reported.map(|()| batch);
        }
        tokio::time::sleep(backoff::ceiling(PAUSE, LONGEST_PAUSE, attempts)).await;
    }
}

/// Reports once, and keeps in `done` and `failed` only the reports to repeat.
async fn report_once(
    database: &Database,
    pipeline: &Pipeline,
    done: &mut Vec<(ReferenceId, Receipt)>,
    failed: &mut Vec<(Failure, Receipt)>,
    batch: &mut Batch,
) -> Result<()> {
    let client = database.client().await?;
    let acks = jobs::complete(&**client, &pipeline.spec.name, done).await?;
    batch.num_succeeded += acks.iter().filter(|ack| **ack == jobs::Ack::Done).count() as u64;
    let mut acks = acks.into_iter();
    done.retain(|_| acks.next() == Some(jobs::Ack::Busy));

    let answers = jobs::fail(&**client, pipeline.pipeline_id, failed).await?;
    batch.add_failures(failed.iter().map(|(failure, _)| failure), &answers);
    let mut answers = answers.into_iter();
    failed.retain(|_| answers.next().is_some_and(|answer| answer.ack == jobs::FailureAck::Busy));
    Ok(())
}

/// Releases hand-offs that were not delivered. Locked ones are released a little later, or their lease expires.
async fn give_back(database: &Database, pipeline: &str, keys: &[(ReferenceId, Receipt)]) -> Result<()> {
    let mut keys = keys.to_vec();
    for attempts in 1..=MAX_REPORTS {
        let client = database.client().await?;
        let mut acks = jobs::release(&**client, pipeline, &keys).await?.into_iter();
        drop(client);
        keys.retain(|_| acks.next() == Some(jobs::Ack::Busy));
        if keys.is_empty() {
            break;
        }
        tokio::time::sleep(backoff::ceiling(PAUSE, LONGEST_PAUSE, attempts)).await;
    }
    Ok(())
}
