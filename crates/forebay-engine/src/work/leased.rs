//! Work outside of the database: claim under a receipt, let the handler have its effect, report.
//!
//! Nothing is held in the database meanwhile but the lease, which is extended for as long as the handler is at work. A
//! worker that dies, or loses its way to the database, reports nothing; its lease ends and another worker gets the
//! job. So delivery is at least once. A report that comes too late is refused by its receipt.

use std::{future::Future, time::Duration};

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    connect::Database,
    jobs::{self, Claimed, Failure, Receipt},
    pipelines::Pipeline,
};

use super::{
    Batch,
    event::{Event, Outcome},
    handlers::LeasedHandler,
    transactional::is_conflict,
};
use crate::error::{Error, Result};

/// How long a claim holds without a sign of life. It is extended three times as often, however long the work takes, so
/// that what a dead worker held is free again soon.
const LEASE: Duration = Duration::from_mins(1);
/// A report that meets a lock of somebody else's, or no database, is made again so often, a little later each time.
const MAX_REPORTS: u32 = 12;
/// A claim that met another in a circle is tried so often.
const MAX_CLAIMS: u32 = 5;

/// Carries out up to `limit` hand-offs. When `cut_off` is done before the handler is, the handler is stopped and its
/// jobs are given back.
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
    let claimed = claim(database, name, limit, worker).await?;
    let Some(first) = claimed.first() else { return Ok(Batch::default()) };
    let receipt = first.receipt;
    let keys: Vec<(ReferenceId, Receipt)> =
        claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
    let events: Vec<Event> = claimed.into_iter().map(event).collect();

    let outcomes = tokio::select! {
        outcomes = handler.deliver(&events) => Some(outcomes),
        () = until_lost(database, name, receipt) => {
            // Another worker has it all by now: whatever this one would report would be refused.
            return Ok(Batch { num_claimed: keys.len() as u64, ..Batch::default() });
        }
        () = cut_off => None,
    };
    match outcomes {
        Some(Ok(outcomes)) => report(database, pipeline, &keys, outcomes).await,
        Some(Err(error)) => {
            // The handler itself cannot work: that is no failure of what it was given.
            give_back(database, name, &keys).await?;
            Err(error)
        }
        None => {
            give_back(database, name, &keys).await?;
            Ok(Batch::default())
        }
    }
}

/// Claims; two claims that waited for each other in a circle are tried again.
async fn claim(database: &Database, pipeline: &str, limit: u32, worker: &str) -> Result<Vec<Claimed>> {
    let mut tries = 0;
    loop {
        tries += 1;
        let client = database.client().await?;
        match jobs::claim(&**client, pipeline, limit, LEASE, worker).await.map_err(Error::from) {
            Err(error) if is_conflict(&error) && tries < MAX_CLAIMS => {
                drop(client);
                tokio::time::sleep(Duration::from_millis(5) * tries).await;
            }
            result => return result,
        }
    }
}

fn event(job: Claimed) -> Event {
    Event {
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

/// Extends the lease over and over, and is done when it was lost. A database that is away for a while is no loss yet.
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

/// Ends the attempts as the handler says.
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
    let mut tries = 0;
    // Each failure is reported in a statement of its own batch; what was busy comes again with the next try.
    loop {
        let reported = report_once(database, pipeline, &mut done, &mut failed, &mut batch).await;
        if reported.is_ok() && done.is_empty() && failed.is_empty() {
            return Ok(batch);
        }
        tries += 1;
        if tries >= MAX_REPORTS {
            // The lease will end, and the jobs are tried again: at least once.
            return reported.map(|()| batch);
        }
        tokio::time::sleep(Duration::from_millis(1 << tries)).await;
    }
}

/// Reports once, and leaves in `done` and `failed` what must be reported again.
async fn report_once(
    database: &Database,
    pipeline: &Pipeline,
    done: &mut Vec<(ReferenceId, Receipt)>,
    failed: &mut Vec<(Failure, Receipt)>,
    batch: &mut Batch,
) -> Result<()> {
    let client = database.client().await?;
    let verdicts = jobs::complete(&**client, &pipeline.spec.name, done).await?;
    batch.num_succeeded += verdicts.iter().filter(|verdict| **verdict == jobs::Ack::Done).count() as u64;
    let mut verdicts = verdicts.into_iter();
    done.retain(|_| verdicts.next() == Some(jobs::Ack::Busy));

    let answers = jobs::fail(&**client, pipeline.pipeline_id, failed).await?;
    batch.num_failed += answers.iter().filter(|answer| **answer == jobs::FailureAck::Failed).count() as u64;
    batch.num_retried +=
        answers.iter().filter(|answer| **answer == jobs::FailureAck::Retrying).count() as u64;
    let mut answers = answers.into_iter();
    failed.retain(|_| answers.next() == Some(jobs::FailureAck::Busy));
    Ok(())
}

/// Gives back what was not tried. What is locked at this moment is given back a little later, or else its lease ends.
async fn give_back(database: &Database, pipeline: &str, keys: &[(ReferenceId, Receipt)]) -> Result<()> {
    let mut keys = keys.to_vec();
    for tries in 1..=MAX_REPORTS {
        let client = database.client().await?;
        let mut verdicts = jobs::release(&**client, pipeline, &keys).await?.into_iter();
        drop(client);
        keys.retain(|_| verdicts.next() == Some(jobs::Ack::Busy));
        if keys.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1 << tries)).await;
    }
    Ok(())
}
