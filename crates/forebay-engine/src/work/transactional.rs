//! Work inside the database: one batch is one transaction of take, effect, end, commit.
//!
//! Only the commit shows any of it. A worker may die at any point and nothing is half done, nothing is done twice, and
//! what it held is free at once.

use std::time::Duration;

use forebay_domain::identity::ReferenceId;
use forebay_store::jobs::{self, Failure, Queue, Taken};
use tokio_postgres::Client;

use super::{Batch, handlers::TransactionalHandler};
use crate::error::{Error, Result};

/// A batch that waited for another writer in a circle is tried so often.
const MAX_TRIES: u32 = 5;

/// Carries out up to `limit` hand-offs.
pub(super) async fn run(
    client: &mut Client,
    queue: &mut Queue,
    pipeline_id: i32,
    handler: &TransactionalHandler,
    limit: u32,
) -> Result<Batch> {
    let mut tries = 0;
    loop {
        tries += 1;
        let result = try_once(client, queue, pipeline_id, handler, limit).await;
        if result.is_err() {
            // What it had taken is free again, and behind this worker's place in the queue.
            queue.rewind();
        }
        match result {
            Err(error) if is_conflict(&error) && tries < MAX_TRIES => {
                tokio::time::sleep(Duration::from_millis(20) * tries).await;
            }
            result => return result,
        }
    }
}

async fn try_once(
    client: &mut Client,
    queue: &mut Queue,
    pipeline_id: i32,
    handler: &TransactionalHandler,
    limit: u32,
) -> Result<Batch> {
    let mut transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    jobs::hold_plans(&transaction).await?;
    let taken = queue.take(&transaction, limit).await?;
    if taken.is_empty() {
        return Ok(Batch::default());
    }
    let ids: Vec<ReferenceId> = taken.iter().map(|job| job.reference_id).collect();
    let mut failures = handler.apply(&mut transaction, pipeline_id, &ids).await?;
    failures.sort_by_key(|failure| failure.reference_id);
    let did_fail =
        |id: &ReferenceId| failures.binary_search_by_key(id, |failure| failure.reference_id).is_ok();
    let carried_out: Vec<Taken> = taken.into_iter().filter(|job| !did_fail(&job.reference_id)).collect();
    let num_ended = jobs::complete_taken(&transaction, pipeline_id, &carried_out).await?;
    if num_ended != count(&carried_out) {
        // The locks are ours, so this cannot be; but an effect must never be kept without its end.
        return Err(Error::Contention { attempts: 1 });
    }
    let failed = jobs::fail_taken(&transaction, pipeline_id, &failures).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(Batch {
        num_claimed: count(&ids),
        num_succeeded: count(&carried_out),
        num_failed: failed.num_failed,
        num_retried: failed.num_retrying,
    })
}

/// Two transactions that waited for each other, of which this one was ended.
pub(super) fn is_conflict(error: &Error) -> bool {
    let Error::Store(error) = error else { return false };
    matches!(error.server().and_then(|server| server.sqlstate()), Some("40P01" | "40001"))
}

fn count<T>(items: &[T]) -> u64 {
    items.len() as u64
}

/// The failure of one reference.
pub(super) fn failure(
    reference_id: ReferenceId,
    class: forebay_domain::handoff::FailureClass,
    reason_code: &str,
    message: String,
) -> Failure {
    Failure { reference_id, class, reason_code: reason_code.to_owned(), message, retry_after: None }
}
