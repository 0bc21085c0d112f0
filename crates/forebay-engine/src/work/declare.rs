//! Declaring pipelines, and handing off the references that they are missing.

use forebay_store::{
    connect::Database,
    pipelines::{self, PipelineSpec},
};

use super::{handlers::Handler, reconciliation};
use crate::error::{Error, Result};

/// The result of declaring a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The pipeline's name.
    pub pipeline: String,
    /// References handed off to it, because it was missing them or had ingested them with other settings.
    pub num_handoffs: u64,
}

/// The changes made by matching the database's pipelines to a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// Pipelines that were new or different.
    pub changed: Vec<Declared>,
    /// Pipelines that the configuration no longer names and that are now disabled.
    pub disabled: Vec<String>,
}

/// The built-in pipeline of every database, created by the first migration. It makes every source searchable.
const BUILT_IN: &str = "documents";

/// Updates the database's pipelines to match a whole configuration. Writes nothing if they are up to date.
///
/// A pipeline that the configuration no longer names is disabled, not deleted: its table or documents still exist and
/// its hand-offs wait. The built-in pipeline `documents` gets its default settings back unless the configuration names
/// it. Call this only with a configuration that was read from a file: an empty one disables every other pipeline.
pub async fn declare_all(database: &Database, specs: &[PipelineSpec]) -> Result<Declaration> {
    let mut specs = specs.to_vec();
    if !specs.iter().any(|spec| spec.name == BUILT_IN) {
        specs.push(PipelineSpec::new(BUILT_IN, "documents", serde_json::json!({})));
    }
    let changed = declare(database, &specs).await?;
    let client = database.client().await?;
    let mut disabled = Vec::new();
    for stored in pipelines::list(&**client).await? {
        if stored.spec.enabled && !specs.iter().any(|spec| spec.name == stored.spec.name) {
            let spec = PipelineSpec { enabled: false, ..stored.spec };
            pipelines::declare(&**client, &spec).await?;
            disabled.push(spec.name);
        }
    }
    Ok(Declaration { changed, disabled })
}

/// Declares pipelines, and returns those that changed. An unchanged one costs one read and writes nothing.
///
/// All settings are checked before anything is written. A pipeline that is new, enabled again, covers more than before
/// or has other settings gets hand-offs for its missing references ([`reconciliation::repair`]). Other pipelines are
/// unchanged.
pub async fn declare(database: &Database, specs: &[PipelineSpec]) -> Result<Vec<Declared>> {
    let client = database.client().await?;
    for spec in specs {
        Handler::check(&**client, spec).await?;
    }
    drop(client);
    let mut changed = Vec::new();
    for spec in specs {
        let client = database.client().await?;
        if !pipelines::declare(&**client, spec).await? {
            continue;
        }
        let found = pipelines::find(&**client, &spec.name).await?;
        drop(client);
        let mut num_handoffs = 0;
        if spec.enabled {
            let pipeline = found.ok_or_else(|| Error::NoSuchPipeline { pipeline: spec.name.clone() })?;
            num_handoffs = reconciliation::repair(database, &pipeline).await?.num_repaired;
        }
        changed.push(Declared { pipeline: spec.name.clone(), num_handoffs });
    }
    Ok(changed)
}
