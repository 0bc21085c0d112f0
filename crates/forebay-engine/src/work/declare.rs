//! Declaring pipelines, and handing off the references that they are missing.

use forebay_store::{
    connect::Database,
    pipelines::{self, PipelineSpec, Stored},
    projects::{DeclaredElsewhere, OnConflict},
};

use super::{
    handlers::{check_settings, effect_of, unready},
    reconciliation,
    setting_error::SettingError,
};
use crate::error::{Error, Result};

/// The result of declaring a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The pipeline's name.
    pub pipeline: String,
    /// References handed off to it, because it was missing them, or had ingested them with a different effect.
    pub num_handoffs: u64,
}

/// The changes made by declaring pipelines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// Pipelines that were new or different.
    pub changed: Vec<Declared>,
    /// Pipelines that another project declared differently. Its declaration is kept.
    pub elsewhere: Vec<DeclaredElsewhere>,
    /// Pipelines that are declared, but whose hand-offs wait because the database lacks what their settings name.
    pub unready: Vec<SettingError>,
}

/// Declares pipelines, and returns those that changed. An unchanged one costs one read and writes nothing. Other
/// pipelines are not touched, and neither are those that another project declared differently.
///
/// All settings are checked before anything is written. A pipeline whose settings name something that the database
/// lacks is declared nevertheless: only its own worker stops. A pipeline that is new, enabled again, covers more than
/// before, or sends or writes something else gets hand-offs for its references ([`reconciliation::repair`]). If only
/// its receiver changed, it gets those that failed. If a kill prevents that, the next declaration makes up for it.
pub async fn declare(database: &Database, specs: &[PipelineSpec]) -> Result<Declaration> {
    declare_by(database, specs, OnConflict::Keep).await
}

/// The same, with a choice for pipelines of other projects.
pub(crate) async fn declare_by(
    database: &Database,
    specs: &[PipelineSpec],
    on_conflict: OnConflict,
) -> Result<Declaration> {
    check(specs)?;
    let unready = unready(&**database.client().await?, specs).await?;
    let mut declaration = Declaration { unready, ..Declaration::default() };
    for spec in specs {
        let client = database.client().await?;
        match pipelines::declare(&**client, spec, &effect_of(spec)?, on_conflict).await? {
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

/// Checks the settings of pipelines by themselves.
pub(crate) fn check(specs: &[PipelineSpec]) -> Result<()> {
    for spec in specs {
        check_settings(spec)?;
    }
    Ok(())
}
