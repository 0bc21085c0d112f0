//! One batch of one pipeline: take, effect, end, commit.

use std::time::Duration;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    jobs::{self, Failure, Taken},
    pipelines::Pipeline,
};
use tokio_postgres::Client;

use super::handlers::Handler;
use crate::error::{Error, Result};

/// A batch that waited for another writer in a circle is tried so often.
const MAX_TRIES: u32 = 5;
/// Leases that have ended are freed so many at a time.
const RESCUED_AT_ONCE: u32 = 1000;

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "counts are called num_… everywhere")]
pub(super) struct BatchReport {
    pub(super) num_taken: u64,
    pub(super) num_succeeded: u64,
    pub(super) num_failed: u64,
    pub(super) num_retried: u64,
}

/// Frees what dead workers held, and makes the handler ready if there is anything to do; None: there is not.
pub(super) async fn prepare(client: &mut Client, pipeline: &Pipeline) -> Result<Option<Handler>> {
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    jobs::hold_plans(&transaction).await?;
    jobs::rescue(&transaction, pipeline.pipeline_id, RESCUED_AT_ONCE).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    if !jobs::any_due(client, pipeline.pipeline_id).await? {
        return Ok(None);
    }
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let handler = Handler::open(&transaction, &pipeline.spec).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(Some(handler))
}

/// Carries out up to `limit` hand-offs.
pub(super) async fn run(
    client: &mut Client,
    pipeline: &Pipeline,
    handler: &Handler,
    limit: u32,
) -> Result<BatchReport> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_once(client, pipeline, handler, limit).await {
            Err(error) if is_conflict(&error) && tries < MAX_TRIES => {
                tokio::time::sleep(Duration::from_millis(20) * tries).await;
            }
            result => return result,
        }
    }
}

async fn try_once(
    client: &mut Client,
    pipeline: &Pipeline,
    handler: &Handler,
    limit: u32,
) -> Result<BatchReport> {
    let pipeline_id = pipeline.pipeline_id;
    let mut transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    jobs::hold_plans(&transaction).await?;
    let taken = jobs::take(&transaction, pipeline_id, limit).await?;
    if taken.is_empty() {
        return Ok(BatchReport::default());
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
    Ok(BatchReport {
        num_taken: count(&ids),
        num_succeeded: count(&carried_out),
        num_failed: failed.num_failed,
        num_retried: failed.num_retrying,
    })
}

/// Two transactions that waited for each other, of which this one was ended.
fn is_conflict(error: &Error) -> bool {
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
