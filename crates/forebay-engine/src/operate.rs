//! Small decisions of operators: breakers, pauses, pipelines, hand-offs on demand, workers.
//!
//! Each is one transaction with its row in the audit trail. Decisions that need more than that have their own modules:
//! `persist` for runs, `source` for whole sources, and `handoffs::operate` of the store for hand-offs in bulk.

use forebay_domain::{breaker::BreakerCommand, identity::ReferenceId, scope::Scope};
use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    breakers,
    connect::Database,
    handoffs,
    jobs::FailureReport,
    pauses::{self, Pause},
    pipelines::{self, Pipeline},
    sources::Source,
    workers,
};
use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::{Client, Transaction};

use crate::{clock, error::Result};

/// References that the audit trail names for one action; it has the number of all.
const MOST_NAMED: usize = 20;

/// Applies a command to the breaker of a source.
pub async fn breaker(
    database: &Database,
    source: &Source,
    command: BreakerCommand,
    by: &Actor,
) -> Result<()> {
    let name = match command {
        BreakerCommand::ForceOpen => ActionName::BreakerForcedOpen,
        BreakerCommand::Close => ActionName::BreakerClosed,
        BreakerCommand::Reset => ActionName::BreakerReset,
        BreakerCommand::Disable => ActionName::BreakerDisabled,
    };
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    let (_, transition) = breakers::operate(&transaction, source.source_id, command, clock::now()).await?;
    let action = Action {
        parameters: json!({ "from_state": transition.from, "to_state": transition.to }),
        ..Action::on_source(name, &source.name)
    };
    end(transaction, &action, by).await
}

/// Pauses a pipeline or one of its keys until a time.
pub async fn pause(
    database: &Database,
    pipeline: &Pipeline,
    key: Option<&str>,
    until: Timestamp,
    by: &Actor,
) -> Result<()> {
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    pauses::pause(&transaction, pipeline.pipeline_id, key, until).await?;
    let until = (until != pauses::UNTIL_RESUMED).then_some(until);
    let action = Action {
        parameters: json!({ "key": key, "until": until }),
        ..on_pipeline(ActionName::PipelinePaused, pipeline)
    };
    end(transaction, &action, by).await
}

/// Lifts the pause of a key, or without one all pauses of the pipeline, and makes due what waited because of them.
/// Returns the pauses.
pub async fn resume(
    database: &Database,
    pipeline: &Pipeline,
    key: Option<&str>,
    by: &Actor,
) -> Result<Vec<Pause>> {
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    let lifted = pauses::lift(&transaction, pipeline.pipeline_id, key).await?;
    let action = Action {
        num_touched: lifted.len() as u64,
        parameters: json!({ "key": key }),
        ..on_pipeline(ActionName::PipelineResumed, pipeline)
    };
    end(transaction, &action, by).await?;
    pauses::make_due(&**client, pipeline.pipeline_id, &lifted).await?;
    Ok(lifted)
}

/// Enables a pipeline again, and forgets the failures of its endpoint.
pub async fn enable(database: &Database, pipeline: &Pipeline, by: &Actor) -> Result<()> {
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    pipelines::enable(&transaction, pipeline.pipeline_id).await?;
    end(transaction, &on_pipeline(ActionName::PipelineEnabled, pipeline), by).await
}

/// Disables a pipeline until it is enabled again.
pub async fn disable(database: &Database, pipeline: &Pipeline, by: &Actor) -> Result<()> {
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    pipelines::disable(&transaction, pipeline.pipeline_id).await?;
    end(transaction, &on_pipeline(ActionName::PipelineDisabled, pipeline), by).await
}

/// Hands the current content of references off to a pipeline, whatever was handed off before, to be ingested at
/// `due_at` or now. Unknown references are left out. Returns the number of hand-offs.
pub async fn enqueue(
    database: &Database,
    pipeline: &str,
    ids: &[ReferenceId],
    due_at: Option<Timestamp>,
    by: &Actor,
) -> Result<u64> {
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    let num_handoffs = handoffs::enqueue_requested(&transaction, pipeline, ids, due_at).await?;
    let action = Action {
        num_touched: num_handoffs,
        parameters: json!({
            "due_at": due_at,
            "num_references": ids.len(),
            "reference_ids": ids.iter().take(MOST_NAMED).map(ToString::to_string).collect::<Vec<_>>(),
        }),
        ..Action::on(ActionName::HandoffsRequested, TargetKind::Handoffs, pipeline)
    };
    end(transaction, &action, by).await?;
    Ok(num_handoffs)
}

/// Frees everything that a worker has claimed, and with `forget` also its row if nothing is left.
pub async fn release_worker(
    database: &Database,
    name: &str,
    forget: bool,
    by: &Actor,
) -> Result<FailureReport> {
    let mut client = database.client().await?;
    let transaction = begin(&mut client).await?;
    let done = workers::release(&transaction, name).await?;
    if forget && done.num_busy == 0 {
        workers::forget(&transaction, name).await?;
    }
    let action = Action {
        num_touched: done.num_retrying + done.num_failed + done.num_superseded + done.num_cancelled,
        ..Action::on(ActionName::WorkerReleased, TargetKind::Worker, name)
    };
    end(transaction, &action, by).await?;
    Ok(done)
}

/// Records that a scrape of an entity type was requested. A scrape takes many transactions, so this is one before it.
pub async fn request_scrape(
    database: &Database,
    entity_type: &str,
    scope: &Scope,
    is_forced: bool,
    by: &Actor,
) -> Result<()> {
    let action = Action {
        parameters: json!({ "scope": scope.to_string(), "force": is_forced }),
        ..Action::on(ActionName::ScrapeRequested, TargetKind::EntityType, entity_type)
    };
    actions::record(&**database.client().await?, by, &action).await?;
    Ok(())
}

fn on_pipeline(name: ActionName, pipeline: &Pipeline) -> Action<'_> {
    Action {
        source: pipeline.spec.source_name.as_deref(),
        ..Action::on(name, TargetKind::Pipeline, &pipeline.spec.name)
    }
}

async fn begin(client: &mut Client) -> Result<Transaction<'_>> {
    Ok(client.transaction().await.map_err(forebay_store::Error::from)?)
}

/// Records the action and commits its change.
async fn end(transaction: Transaction<'_>, action: &Action<'_>, by: &Actor) -> Result<()> {
    actions::record(&transaction, by, action).await?;
    Ok(transaction.commit().await.map_err(forebay_store::Error::from)?)
}
