//! Declaring pipelines from the configuration, and handing off to them what they are missing.

use forebay_store::{
    connect::Database,
    pipelines::{self, PipelineSpec},
};

use super::{handlers::Handler, reconciliation};
use crate::error::{Error, Result};

/// What a declaration changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The pipeline's name.
    pub pipeline: String,
    /// References that it was missing, or had ingested by other settings, and that are handed off to it now.
    pub num_handoffs: u64,
}

/// Declares pipelines and tells which of them changed; one that is as it was costs a look and writes nothing.
///
/// All settings are checked before anything is written. A pipeline that is new, enabled again, wider than it was or of
/// other settings is handed what it is missing ([`reconciliation::repair`]). Pipelines that are not named stay as they
/// are.
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
