//! Maintenance in the workers: free the hand-offs of dead workers, find missing hand-offs, delete old history, and
//! create the partitions of the next months.
//!
//! Each task takes no input and may run twice. The database stores when the expensive ones last began, so only one of
//! several workers does them.

use std::{
    sync::{PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use forebay_store::{
    jobs,
    maintenance::{self, Mode, Task},
    notifications,
    pipelines::{self, Pipeline},
    runs,
};

use super::{
    reconciliation,
    report::{Maintenance, Progress},
    shared::Shared,
};
use crate::{
    error::Result,
    maintenance::{PRUNING, Pruned, Retention, prune},
};

/// How often a worker looks for tasks.
const LOOK: Duration = Duration::from_secs(15);
/// Maximum number of claims that one statement frees.
const RESCUED_AT_ONCE: u32 = 100;
/// How often old history is deleted.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// Runs the due tasks until it is dropped. A failed task is retried the next time. The supervisor reports an outage of
/// the database.
pub(super) async fn run(shared: &Shared<'_>) {
    loop {
        let _next_time = round(shared).await;
        tokio::time::sleep(LOOK).await;
    }
}

async fn round(shared: &Shared<'_>) -> Result<()> {
    rescue(shared).await?;
    let options = shared.options;
    if let Some(every) = options.reconcile_every
        && is_due(shared, Task::Reconcile, every).await?
    {
        for pipeline in enabled(shared).await? {
            // An error of one pipeline does not stop the others.
            match reconciliation::repair(shared.database, &pipeline).await {
                Ok(done) => {
                    let client = shared.database.client().await?;
                    let (num_wrong, num_repaired) = (done.num_wrong(), done.num_repaired);
                    notifications::note_conservation(
                        &**client,
                        pipeline.pipeline_id,
                        num_wrong,
                        num_repaired,
                    )
                    .await?;
                    drop(client);
                    if done.num_repaired > 0 {
                        let pipeline = &pipeline.spec.name;
                        tracing::warn!(
                            pipeline,
                            num_handoffs = done.num_repaired,
                            "handed off missing references"
                        );
                    }
                    note(shared, Maintenance { num_repaired: done.num_repaired, ..Maintenance::default() });
                }
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => shared.update(&pipeline, |report| report.error = Some(error)),
            }
        }
    }
    let retention = Retention { history: options.retention, deliveries: options.delivery_retention };
    for task in PRUNING {
        if !is_due(shared, task, PRUNE_EVERY).await? {
            continue;
        }
        let client = shared.database.client().await?;
        if task == Task::PruneScraping {
            maintenance::create_months(&**client, Mode::Delete).await?;
        }
        let mut pruned = Pruned::default();
        prune(&client, task, retention, Mode::Delete, &mut pruned).await?;
        note_pruned(shared, pruned.num_history());
        if task == Task::PruneScraping
            && let Some(retention) = retention.history
        {
            // Last, because dropping a month waits for its readers.
            maintenance::drop_months(&**client, retention, Mode::Delete).await?;
        }
    }
    Ok(())
}

/// Closes the runs of dead processes, and frees the hand-offs of dead workers in every pipeline: pipelines without
/// workers depend on it.
pub(super) async fn rescue(shared: &Shared<'_>) -> Result<()> {
    runs::close_dead(&mut shared.database.client().await?).await?;
    if shared.num_overdue.load(Relaxed) > 0 {
        // After an outage, the workers of this process report first what they have in hand.
        return Ok(());
    }
    for pipeline in enabled(shared).await? {
        let client = shared.database.client().await?;
        match jobs::rescue(&**client, pipeline.pipeline_id, RESCUED_AT_ONCE).await {
            Ok(freed) => {
                let number =
                    freed.num_retrying + freed.num_failed + freed.num_superseded + freed.num_cancelled;
                if number > 0 {
                    let pipeline = &pipeline.spec.name;
                    tracing::warn!(
                        pipeline,
                        num_handoffs = number,
                        "freed hand-offs whose lease had expired"
                    );
                }
                note(shared, Maintenance { num_rescued: number, ..Maintenance::default() });
            }
            Err(error) if error.is_unreachable() => return Err(error.into()),
            Err(error) => shared.update(&pipeline, |report| report.error = Some(error.into())),
        }
    }
    Ok(())
}

async fn enabled(shared: &Shared<'_>) -> Result<Vec<Pipeline>> {
    let client = shared.database.client().await?;
    let all = pipelines::list(&**client).await?;
    Ok(all.into_iter().filter(|pipeline| pipeline.spec.enabled).collect())
}

async fn is_due(shared: &Shared<'_>, task: Task, every: Duration) -> Result<bool> {
    let client = shared.database.client().await?;
    Ok(maintenance::begin(&**client, task, every).await?)
}

fn note_pruned(shared: &Shared<'_>, num_pruned: u64) {
    if num_pruned > 0 {
        tracing::info!(num_pruned, "deleted history past its retention");
    }
    note(shared, Maintenance { num_pruned, ..Maintenance::default() });
}

/// Adds to the report, and reports progress if anything was done.
fn note(shared: &Shared<'_>, done: Maintenance) {
    if done == Maintenance::default() {
        return;
    }
    shared.report.lock().unwrap_or_else(PoisonError::into_inner).maintenance.add(done);
    (shared.progress)(Progress::Maintained(done));
}
