//! Pausing and disabling pipelines, and verifying that every reference has reached them.

use std::collections::BTreeSet;

use forebay_domain::identity::ReferenceId;
use forebay_engine::{
    operate,
    work::reconciliation::{self, Part, Reconciliation, Target},
};
use forebay_store::{
    actions::Actor,
    connect::{Client, Database},
    handoffs, notifications,
    pauses::UNTIL_RESUMED,
    pipelines::{self, Pipeline},
};
use jiff::Timestamp;

use crate::{
    Pause, PipelineState, Resumed, Verified, VerifiedPipeline, WrongReference, failure::Failure, names, read,
};

/// Pauses a pipeline, or a key of its limits, until a time, or until it is resumed. Errors: `no_such_pipeline`,
/// `no_limit_key`.
pub async fn pause(
    database: &Database,
    name: &String,
    key: Option<&str>,
    until: Option<Timestamp>,
    by: &Actor,
) -> Result<Pause, Failure> {
    let pipeline = with_key(&database.client().await?, name, key).await?;
    let until = until.unwrap_or(UNTIL_RESUMED);
    operate::pause(database, &pipeline, key, until, by).await?;
    Ok(Pause { pipeline: name.clone(), key: key.map(str::to_owned), until: until.into() })
}

/// Lifts the pauses of a pipeline, or of a key of its limits. Errors: `no_such_pipeline`, `no_limit_key`.
pub async fn resume(
    database: &Database,
    name: &String,
    key: Option<&str>,
    by: &Actor,
) -> Result<Resumed, Failure> {
    let pipeline = with_key(&database.client().await?, name, key).await?;
    let lifted = operate::resume(database, &pipeline, key, by).await?;
    Ok(Resumed { pipeline: name.clone(), lifted: lifted.into_iter().map(Pause::from).collect() })
}

async fn with_key(client: &Client, name: &String, key: Option<&str>) -> Result<Pipeline, Failure> {
    let pipeline = names::pipeline(client, name).await?;
    if key.is_some() && pipeline.spec.limits.key.is_none() {
        return Err(Failure::usage("no_limit_key", format!("the pipeline {name} has no limits by key"))
            .hint("leave out the key, or set `key` in [pipelines.NAME.limits]"));
    }
    Ok(pipeline)
}

/// Enables a pipeline again. Errors: `no_such_pipeline`, `pipeline_declared_disabled`.
pub async fn enable(database: &Database, name: &String, by: &Actor) -> Result<PipelineState, Failure> {
    let pipeline = names::pipeline(&database.client().await?, name).await?;
    if !pipeline.spec.enabled {
        let message = format!("the pipeline {name} is disabled by its declaration");
        return Err(Failure::usage("pipeline_declared_disabled", message).hint(
            "remove `enabled = false` from its table in forebay.toml, or declare it again, and apply the file",
        ));
    }
    operate::enable(database, &pipeline, by).await?;
    state(database, name).await
}

/// Disables a pipeline until it is enabled again. Error: `no_such_pipeline`.
pub async fn disable(database: &Database, name: &String, by: &Actor) -> Result<PipelineState, Failure> {
    let pipeline = names::pipeline(&database.client().await?, name).await?;
    operate::disable(database, &pipeline, by).await?;
    state(database, name).await
}

async fn state(database: &Database, name: &String) -> Result<PipelineState, Failure> {
    let client = database.client().await?;
    read::pipelines::state(&client, &names::pipeline(&client, name).await?).await
}

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct Verifying {
    /// Only this pipeline; `None`: all enabled ones.
    pub pipeline: Option<String>,
    /// Whether to hand off missing references again.
    pub repair: bool,
    /// Whether to leave out the contents of targets in this database.
    pub records_only: bool,
    /// Only so many references; `None`: all.
    pub limit: Option<u32>,
    /// After this reference, where an earlier part ended; `None`: from the first.
    pub from: Option<ReferenceId>,
    /// What the target has; `None`: it is compared if it is in this database.
    pub listed: Option<BTreeSet<ReferenceId>>,
}

/// Verifies that every reference was ingested, is in progress, or has a recorded reason why not. Errors:
/// `no_such_pipeline`, and those of a target that can't be read.
pub async fn verify(database: &Database, what: Verifying) -> Result<Verified, Failure> {
    let client = database.client().await?;
    names::pipelines(&client, &what.pipeline).await?;
    let is_chosen = |p: &Pipeline| match &what.pipeline {
        Some(name) => *name == p.spec.name,
        None => p.spec.enabled,
    };
    let chosen: Vec<Pipeline> = pipelines::list(&**client).await?.into_iter().filter(is_chosen).collect();
    // What follows takes connections of its own; two at a time could use up a pool.
    drop(client);
    let is_whole = what.limit.is_none() && what.from.is_none();
    let listed = what.listed.map(Target::Listed);
    let after = what.from.unwrap_or(Part::default().after);
    let (part, has_more) = match what.limit {
        Some(limit) => Part::next(database, after, limit).await?,
        None => (Part { after, ..Part::default() }, false),
    };
    let next = has_more.then(|| part.until.to_string());
    let mut report = Verified { is_repair: what.repair, pipelines: Vec::new(), next };
    for pipeline in &chosen {
        let target = match &listed {
            Some(target) => Some(target.clone()),
            None if what.records_only => None,
            None => Target::of(pipeline)?,
        };
        let found = if target.is_none() && what.repair && is_whole {
            reconciliation::repair(database, pipeline).await?
        } else {
            reconciliation::check(database, pipeline, part, target.as_ref(), what.repair).await?
        };
        if is_whole {
            // A role that only reads can verify, but not record.
            let (num_wrong, num_repaired) = (found.num_wrong(), found.num_repaired);
            let client = database.client().await?;
            let noted =
                notifications::note_conservation(&**client, pipeline.pipeline_id, num_wrong, num_repaired);
            let _if_it_may = noted.await;
        }
        let wrong = wrong(&database.client().await?, &found).await?;
        report.pipelines.push(VerifiedPipeline::new(pipeline.spec.name.clone(), &found, wrong));
    }
    Ok(report)
}

/// The references with a problem, with their names.
async fn wrong(client: &Client, found: &Reconciliation) -> Result<Vec<WrongReference>, Failure> {
    let (ids, problems): (Vec<ReferenceId>, Vec<_>) = found.problems().unzip();
    let names = handoffs::names(&***client, &ids).await?;
    let wrong = ids.into_iter().zip(names).zip(problems);
    Ok(wrong.map(|((id, name), problem)| WrongReference::new(id, name, problem)).collect())
}
