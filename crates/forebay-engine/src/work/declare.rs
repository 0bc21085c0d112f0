//! Declaring pipelines, and handing off the references that they are missing.

use forebay_store::{
    connect::Database,
    pipelines::{self, PipelineSpec, Stored},
    projects::{DeclaredElsewhere, OnConflict},
};
use tokio_postgres::GenericClient;

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

/// The changes made by declaring pipelines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// Pipelines that were new or different.
    pub changed: Vec<Declared>,
    /// Pipelines that another project declared differently. Its declaration is kept.
    pub elsewhere: Vec<DeclaredElsewhere>,
}

/// Declares pipelines, and returns those that changed. An unchanged one costs one read and writes nothing. Other
/// pipelines are not touched, and neither are those that another project declared differently.
///
/// All settings are checked before anything is written. A pipeline that is new, enabled again, covers more than before
/// or has other settings gets hand-offs for its missing references ([`reconciliation::repair`]). If a kill prevents
/// that, the next declaration makes up for it.
pub async fn declare(database: &Database, specs: &[PipelineSpec]) -> Result<Declaration> {
    declare_by(database, specs, OnConflict::Keep).await
}

/// The same, with a choice for pipelines of other projects.
pub(crate) async fn declare_by(
    database: &Database,
    specs: &[PipelineSpec],
    on_conflict: OnConflict,
) -> Result<Declaration> {
    check(&**database.client().await?, specs).await?;
    let mut declaration = Declaration::default();
    for spec in specs {
        let client = database.client().await?;
        match pipelines::declare(&**client, spec, on_conflict).await? {
            Stored::Unchanged => continue,
            Stored::Elsewhere(elsewhere) => {
                declaration.elsewhere.push(elsewhere);
                continue;
            }
            Stored::Written => {}
        }
        let found = pipelines::find(&**client, &spec.name).await?;
        drop(client);
        let mut num_handoffs = 0;
        if spec.enabled {
            let pipeline = found.ok_or_else(|| Error::NoSuchPipeline { pipeline: spec.name.clone() })?;
            num_handoffs = reconciliation::repair(database, &pipeline).await?.num_repaired;
        }
        declaration.changed.push(Declared { pipeline: spec.name.clone(), num_handoffs });
    }
    Ok(declaration)
}

/// Checks the settings of pipelines, and what they need in the database.
pub(crate) async fn check(client: &impl GenericClient, specs: &[PipelineSpec]) -> Result<()> {
    for spec in specs {
        Handler::check(client, spec).await?;
    }
    Ok(())
}
