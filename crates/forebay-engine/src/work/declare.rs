//! Declaring pipelines from the configuration, and handing off to a new one what is older than it.

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    connect::Database,
    jobs,
    pipelines::{self, PipelineSpec},
};

use super::handlers::Handler;
use crate::error::{Error, Result};

/// References that are looked at in one statement.
const PAGE: u32 = 2000;

/// What a declaration changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The pipeline's name.
    pub pipeline: String,
    /// References that were there before it and are handed off to it now.
    pub num_handoffs: u64,
}

/// Declares pipelines and tells which of them changed; one that is as it was costs a look and writes nothing.
///
/// All settings are checked before anything is written. A pipeline that is new or changed is handed all references of its
/// source that it has never been given. Pipelines that are not named stay as they are.
pub async fn declare(database: &Database, specs: &[PipelineSpec]) -> Result<Vec<Declared>> {
    let client = database.client().await?;
    for spec in specs {
        Handler::check(&**client, spec).await?;
    }
    let mut changed = Vec::new();
    for spec in specs {
        if !pipelines::declare(&**client, spec).await? {
            continue;
        }
        let mut num_handoffs = 0;
        if spec.enabled {
            let found = pipelines::find(&**client, &spec.name).await?;
            let pipeline = found.ok_or_else(|| Error::NoSuchPipeline { pipeline: spec.name.clone() })?;
            num_handoffs = hand_off_older(&client, pipeline.pipeline_id, spec.source_name.as_deref()).await?;
        }
        changed.push(Declared { pipeline: spec.name.clone(), num_handoffs });
    }
    Ok(changed)
}

async fn hand_off_older(
    client: &tokio_postgres::Client,
    pipeline_id: i32,
    source: Option<&str>,
) -> Result<u64> {
    let mut num_handoffs = 0;
    let mut after = ReferenceId([0; 16]);
    loop {
        let (last, queued) = jobs::reconcile(client, pipeline_id, source, after, PAGE).await?;
        num_handoffs += queued;
        match last {
            Some(last) => after = last,
            None => return Ok(num_handoffs),
        }
    }
}
