//! What workers do beside ingesting: freeing what dead workers held, checking that nothing is missing, keeping the
//! history of the hand-off small, and making embeddings of what was indexed.
//!
//! Each task takes no input and may run twice. The database remembers when the dear ones were last begun, so among any
//! number of workers one does them.

use std::{sync::PoisonError, time::Duration};

use forebay_store::{
    breakers, handoffs, jobs, logs,
    maintenance::{self, Task},
    pages,
    pipelines::{self, Pipeline},
};

use super::{
    Maintenance, reconciliation,
    worker::{Shared, Stage},
};
use crate::{
    error::Result,
    retrieval::{EmbedOptions, embed_round},
};

/// How often a worker looks for tasks.
const LOOK: Duration = Duration::from_secs(15);
/// Claims that are freed in one statement.
const RESCUED_AT_ONCE: u32 = 100;
/// How often a worker looks for text that has no embedding yet.
const EMBED_LOOK: Duration = Duration::from_secs(2);
/// How often history that is past its retention is deleted.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// Does what is due, for as long as it is polled. What fails is tried again the next time; that the database is away is
/// told by those who look for work.
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
            // What is wrong with one pipeline keeps nobody from looking after the others.
            match reconciliation::repair(shared.database, &pipeline).await {
                Ok(done) => note(shared, |maintenance| maintenance.num_repaired += done.num_repaired),
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => shared.tell(&pipeline, |report| report.error = Some(error)),
            }
        }
    }
    if let Some(retention) = options.retention
        && is_due(shared, Task::Prune, PRUNE_EVERY).await?
    {
        let client = shared.database.client().await?;
        let pruned = handoffs::prune(&**client, retention).await?;
        note(shared, |done| done.num_pruned += pruned);
    }
    if let Some(retention) = options.retention
        && is_due(shared, Task::PruneScraping, PRUNE_EVERY).await?
    {
        let client = shared.database.client().await?;
        let pruned =
            pages::prune(&**client, retention).await? + breakers::prune(&**client, retention).await?;
        note(shared, |done| done.num_pruned += pruned);
        // Last, because readers may be in the way of months that are to be dropped.
        logs::prune(&**client, retention).await?;
    }
    Ok(())
}

/// Makes embeddings for as long as it is polled.
pub(super) async fn embed_all(shared: &Shared<'_>) {
    loop {
        let _next_time = embed(shared).await;
        tokio::time::sleep(EMBED_LOOK).await;
    }
}

/// Makes the embeddings that are missing, where a pipeline asks for them. Its troubles are its pipeline's.
pub(super) async fn embed(shared: &Shared<'_>) -> Result<()> {
    let options = EmbedOptions { pipelines: shared.options.pipelines.clone(), ..EmbedOptions::default() };
    let is_stopped = || *shared.stage.borrow() != Stage::Working;
    for embedded in embed_round(shared.database, &options, &is_stopped).await? {
        let client = shared.database.client().await?;
        let Some(pipeline) = pipelines::find(&**client, &embedded.pipeline).await? else { continue };
        drop(client);
        shared.tell(&pipeline, |report| {
            report.num_embedded += embedded.num_embedded;
            report.embed_trouble = embedded.trouble;
            if embedded.error.is_some() {
                report.error = embedded.error;
            }
        });
    }
    Ok(())
}

/// Frees what dead workers held, in every pipeline: one that no worker is left for needs it most.
pub(super) async fn rescue(shared: &Shared<'_>) -> Result<()> {
    for pipeline in enabled(shared).await? {
        let client = shared.database.client().await?;
        match jobs::rescue(&**client, pipeline.pipeline_id, RESCUED_AT_ONCE).await {
            Ok(freed) => {
                let number = freed.num_retrying + freed.num_failed + freed.num_superseded;
                note(shared, |done| done.num_rescued += number);
            }
            Err(error) if error.is_unreachable() => return Err(error.into()),
            Err(error) => shared.tell(&pipeline, |report| report.error = Some(error.into())),
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

fn note(shared: &Shared<'_>, change: impl FnOnce(&mut Maintenance)) {
    change(&mut shared.report.lock().unwrap_or_else(PoisonError::into_inner).maintenance);
}
