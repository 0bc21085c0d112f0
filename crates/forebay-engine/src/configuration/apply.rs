//! Applies a configuration: declares what it names, and ends what its project no longer names.

use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    connect::Database,
    pipelines::{self, PipelineSpec, Stored},
    projects::{DeclaredElsewhere, OnConflict},
    sources,
};
use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::GenericClient;

use super::whole::Configuration;
use crate::{
    error::Result,
    scrape::{self, schedule},
    work::{self, Declared, SettingError},
};

/// The built-in pipeline of every database, created by the first migration. It makes every source searchable.
const BUILT_IN: &str = "documents";

/// How to apply it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApplyOptions {
    /// Whether to end the declarations that the project made earlier and the configuration no longer contains.
    /// Default: false.
    pub prune: bool,
    /// What to do with names of other projects. Default: keep their declarations.
    pub on_conflict: OnConflict,
    /// Whether to write nothing. Default: false.
    pub dry_run: bool,
}

/// The changes, all sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Sources that were new or different.
    pub sources: Vec<String>,
    /// Pipelines that were new or different. A dry run counts no hand-offs.
    pub pipelines: Vec<Declared>,
    /// Sources whose schedules were new or different.
    pub schedules: Vec<String>,
    /// Sources that are no longer declared. Their stored data is kept, and nothing scrapes them.
    pub released_sources: Vec<String>,
    /// Pipelines that are no longer declared and now disabled. Their hand-offs wait.
    pub disabled_pipelines: Vec<String>,
    /// Sources that another project declared differently. Its declaration is kept.
    pub sources_elsewhere: Vec<DeclaredElsewhere>,
    /// Pipelines that another project declared differently. Its declaration is kept.
    pub pipelines_elsewhere: Vec<DeclaredElsewhere>,
    /// Pipelines whose hand-offs wait because the database lacks what their settings name.
    pub unready: Vec<SettingError>,
}

impl Applied {
    /// Whether pruning ends any declaration.
    pub fn ends_any(&self) -> bool {
        !self.released_sources.is_empty() || !self.disabled_pipelines.is_empty()
    }
}

/// Applies a configuration. Errors: `source_invalid`, `pipeline_config`, before anything is written.
///
/// A pipeline that is pruned is disabled, not deleted: its table or documents still exist. The built-in pipeline
/// `documents` gets its default settings back instead.
pub async fn apply(
    database: &Database,
    configuration: &Configuration<'_>,
    options: &ApplyOptions,
    by: &Actor,
    now: Timestamp,
) -> Result<Applied> {
    let mut client = database.client().await?;
    work::declare::check(configuration.pipelines)?;
    if options.dry_run {
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let mut applied = declare_sources(&*transaction, configuration, options, now).await?;
        for spec in configuration.pipelines {
            match pipelines::declare(&*transaction, spec, &work::effect_of(spec)?, options.on_conflict)
                .await?
            {
                Stored::Unchanged => {}
                Stored::Written => {
                    applied.pipelines.push(Declared { pipeline: spec.name.clone(), num_handoffs: 0 });
                }
                Stored::Elsewhere(elsewhere) => applied.pipelines_elsewhere.push(elsewhere),
            }
        }
        if options.prune && prune(&*transaction, configuration, &mut applied).await? {
            applied.pipelines.push(Declared { pipeline: BUILT_IN.to_owned(), num_handoffs: 0 });
        }
        applied.unready = work::unready(&*transaction, configuration.pipelines).await?;
        transaction.rollback().await.map_err(forebay_store::Error::from)?;
        return Ok(applied);
    }
    let mut applied = declare_sources(&**client, configuration, options, now).await?;
    drop(client);
    let declared = work::declare::declare_by(database, configuration.pipelines, options.on_conflict).await?;
    (applied.pipelines, applied.pipelines_elsewhere) = (declared.changed, declared.elsewhere);
    applied.unready = declared.unready;
    if options.prune && prune(&**database.client().await?, configuration, &mut applied).await? {
        let built_in = PipelineSpec::new(BUILT_IN, "documents", serde_json::json!({}));
        applied.pipelines.extend(work::declare(database, &[built_in]).await?.changed);
    }
    record(database, configuration.project, &applied, options, by).await?;
    Ok(applied)
}

/// Records in the audit trail what was changed, if anything was. Declaring takes several transactions, each of which
/// can be repeated, so this is one after them.
async fn record(
    database: &Database,
    project: &str,
    applied: &Applied,
    options: &ApplyOptions,
    by: &Actor,
) -> Result<()> {
    let pipelines: Vec<&str> = applied.pipelines.iter().map(|declared| declared.pipeline.as_str()).collect();
    let changed =
        [&applied.sources, &applied.schedules, &applied.released_sources, &applied.disabled_pipelines];
    let num_touched = changed.iter().map(|names| names.len()).sum::<usize>() + pipelines.len();
    if num_touched == 0 {
        return Ok(());
    }
    let action = Action {
        num_touched: num_touched as u64,
        parameters: json!({
            "prune": options.prune,
            "take_over": options.on_conflict == OnConflict::TakeOver,
            "sources": applied.sources,
            "pipelines": pipelines,
            "schedules": applied.schedules,
            "released_sources": applied.released_sources,
            "disabled_pipelines": applied.disabled_pipelines,
        }),
        ..Action::on(ActionName::ConfigApplied, TargetKind::Project, project)
    };
    actions::record(&**database.client().await?, by, &action).await?;
    Ok(())
}

async fn declare_sources(
    client: &impl GenericClient,
    configuration: &Configuration<'_>,
    options: &ApplyOptions,
    now: Timestamp,
) -> Result<Applied> {
    let declared = scrape::declare::declare_in(client, configuration.sources, options.on_conflict).await?;
    let mut own = configuration.sources.clone();
    own.retain(|name, _| !declared.elsewhere.iter().any(|source| source.name == *name));
    let schedules = schedule::declare::declare_in(client, &own, now).await?;
    let mut changed = declared.changed;
    if options.on_conflict == OnConflict::TakeOver {
        // Those that other programs supply: their next run stores their settings.
        changed
            .extend(sources::take_over(client, configuration.project, &configuration.source_names()).await?);
    }
    let (named, published) = (configuration.source_names(), configuration.published());
    changed.extend(sources::publish(client, configuration.project, &named, &published).await?);
    changed.sort_unstable();
    changed.dedup();
    Ok(Applied { sources: changed, schedules, sources_elsewhere: declared.elsewhere, ..Applied::default() })
}

/// Ends the declarations of the project that the configuration no longer contains. Returns whether the built-in
/// pipeline is among them, which the caller declares with its default settings.
async fn prune(
    client: &impl GenericClient,
    configuration: &Configuration<'_>,
    applied: &mut Applied,
) -> Result<bool> {
    let project = configuration.project;
    applied.released_sources =
        sources::release_others(client, project, &configuration.source_names()).await?;
    let named: Vec<&str> = configuration.pipelines.iter().map(|spec| spec.name.as_str()).collect();
    let others = pipelines::disable_others(client, project, &named).await?;
    let has_built_in = others.iter().any(|(name, _)| name == BUILT_IN);
    let disabled = others.into_iter().filter(|(name, was_enabled)| *was_enabled && name != BUILT_IN);
    applied.disabled_pipelines = disabled.map(|(name, _)| name).collect();
    Ok(has_built_in)
}
