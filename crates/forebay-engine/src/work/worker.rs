//! A worker for one pipeline, until nothing is due: one transaction after another, or slots for work elsewhere.

use std::time::{Duration, Instant};

use forebay_store::{jobs::Queue, pipelines::Pipeline};
use tracing::Instrument;

use super::{
    handlers::{Handler, TransactionalHandler},
    leased,
    shared::{Shared, Stage},
    transactional,
};
use crate::error::{Error, Result};

/// Works for a pipeline until no job that it may claim is due. Returns how long to leave the pipeline alone.
pub(super) async fn serve(shared: &Shared<'_>, pipeline: &Pipeline) -> Result<Option<Duration>> {
    match shared.handler(pipeline).await? {
        Handler::Transactional(handler) => serve_inside(shared, pipeline, &handler).await.map(|()| None),
        Handler::Leased(handler) => leased::serve(shared, pipeline, &handler).await,
        // The workers of another program work for this pipeline.
        Handler::External => Ok(None),
    }
}

/// Runs one transaction after another.
async fn serve_inside(
    shared: &Shared<'_>,
    pipeline: &Pipeline,
    handler: &TransactionalHandler,
) -> Result<()> {
    let mut queue = Queue::new(pipeline.pipeline_id);
    let mut idle_since = None;
    while *shared.stage.borrow() == Stage::Working && shared.is_served(pipeline) {
        // `trace::claimed` records the number of hand-offs.
        let span =
            tracing::info_span!("claim", pipeline = pipeline.spec.name, num_handoffs = tracing::field::Empty);
        let run = async {
            let mut client = shared.database.client().await?;
            let limit = shared.options.batch;
            let batch = transactional::run(&mut client, &mut queue, pipeline, handler, limit).await?;
            if batch.num_claimed > 0 {
                batch.trace();
            }
            Ok::<_, Error>(batch)
        };
        let batch = run.instrument(span).await?;
        if batch.num_claimed > 0 {
            idle_since = None;
            shared.add(pipeline, &batch);
        } else if !shared.is_worth_waiting(pipeline, *idle_since.get_or_insert_with(Instant::now)).await? {
            return Ok(());
        }
    }
    Ok(())
}
