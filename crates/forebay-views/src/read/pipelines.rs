//! Reads pipelines.

use forebay_store::{
    connect::Client,
    jobs,
    pipelines::{self, Pipeline},
};

use crate::{Page, PipelineState, failure::Failure};

/// All pipelines.
pub async fn page(client: &Client) -> Result<Page<PipelineState>, Failure> {
    let mut items = Vec::new();
    for pipeline in pipelines::list(&***client).await? {
        items.push(state(client, &pipeline).await?);
    }
    Ok(items.into())
}

/// The state of a pipeline, with the number of its waiting hand-offs.
pub async fn state(client: &Client, pipeline: &Pipeline) -> Result<PipelineState, Failure> {
    let backlog = jobs::backlog(&***client, pipeline.pipeline_id).await?;
    Ok(PipelineState::new(pipeline, &backlog))
}
