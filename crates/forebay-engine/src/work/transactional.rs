//! Transactional work: one batch is one transaction that takes hand-offs, has the effect, settles them and commits.
//!
//! Nothing is visible before the commit. A worker may die at any point: nothing is half done, nothing is done twice,
//! and its hand-offs are free when the server ends its transaction, at the latest after its current statement.

use std::collections::HashSet;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    jobs::{self, Failure, Queue, Taken},
    pipelines::Pipeline,
};
use tokio_postgres::Client;

use super::{
    batch::Batch,
    conflict::{MAX_ATTEMPTS, back_off, is_conflict},
    handlers::{Applied, TransactionalHandler},
    trace,
};
use crate::error::{Error, Result};

/// Delivers up to `limit` hand-offs.
pub(super) async fn run(
    client: &mut Client,
    queue: &mut Queue,
    pipeline: &Pipeline,
    handler: &TransactionalHandler,
    limit: u32,
) -> Result<Batch> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let result = try_once(client, queue, pipeline, handler, limit).await;
        if result.is_err() {
            // The hand-offs of the failed attempt are free again, and they are before this worker's cursor in the
            // queue.
            queue.rewind();
        }
        match result {
            Err(error) if is_conflict(&error) && attempts < MAX_ATTEMPTS => {
                back_off(attempts).await;
            }
            result => return result,
        }
    }
}

async fn try_once(
    client: &mut Client,
    queue: &mut Queue,
    pipeline: &Pipeline,
    handler: &TransactionalHandler,
    limit: u32,
) -> Result<Batch> {
    let Pipeline { pipeline_id, declared_at, .. } = pipeline;
    let mut transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    jobs::hold_plans(&transaction).await?;
    let taken = queue.take(&transaction, limit).await?;
    if taken.is_empty() {
        return Ok(Batch::default());
    }
    trace::claimed(taken.len());
    let ids: Vec<ReferenceId> = taken.iter().map(|job| job.reference_id).collect();
    let Applied { mut failures, untried } = handler.apply(&mut transaction, *pipeline_id, &ids).await?;
    let untried: HashSet<ReferenceId> = untried.into_iter().collect();
    let tried = taken.into_iter().filter(|job| !untried.contains(&job.reference_id));
    if !untried.is_empty() {
        // They are before this worker's cursor in the queue.
        queue.rewind();
    }
    failures.sort_by_key(|failure| failure.reference_id);
    let did_fail =
        |id: &ReferenceId| failures.binary_search_by_key(id, |failure| failure.reference_id).is_ok();
    let (refused, carried_out): (Vec<Taken>, Vec<Taken>) = tried.partition(|job| did_fail(&job.reference_id));
    let num_ended = jobs::complete_taken(&transaction, *pipeline_id, &carried_out, *declared_at).await?;
    if num_ended != count(&carried_out) {
        // Impossible while the locks are ours, but an effect must never be kept without its settlement.
        return Err(Error::Contention { attempts: 1 });
    }
    let answers = jobs::fail_taken(&transaction, *pipeline_id, &failures, *declared_at).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    trace_outcomes(&carried_out, &refused, &failures);
    let mut batch = Batch {
        num_claimed: count(&ids) - untried.len() as u64,
        num_succeeded: count(&carried_out),
        ..Batch::default()
    };
    batch.add_failures(&failures, &answers);
    Ok(batch)
}

fn trace_outcomes(carried_out: &[Taken], refused: &[Taken], failures: &[Failure]) {
    for job in carried_out {
        trace::delivered(&trace::handoff(job.reference_id, job.attempt));
    }
    for job in refused {
        let span = trace::handoff(job.reference_id, job.attempt);
        for failure in failures.iter().filter(|failure| failure.reference_id == job.reference_id) {
            let Failure { class, reason_code, message, retry_after, .. } = failure;
            trace::failed(&span, *class, reason_code, message, *retry_after);
        }
    }
}

fn count<T>(items: &[T]) -> u64 {
    items.len() as u64
}
