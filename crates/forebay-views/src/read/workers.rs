//! Reads workers.

use forebay_store::{connect::Client, workers};

use crate::{Page, Worker, failure::Failure, names};

/// The workers, or those of a pipeline. Error: `no_such_pipeline`.
pub async fn page(client: &Client, pipeline: Option<&String>) -> Result<Page<Worker>, Failure> {
    names::pipelines(client, pipeline).await?;
    let is_wanted = |worker: &workers::Worker| pipeline.is_none_or(|name| worker.pipelines.contains(name));
    let workers = workers::list(&***client, None).await?.into_iter().filter(is_wanted);
    Ok(workers.map(Worker::from).collect::<Vec<_>>().into())
}
