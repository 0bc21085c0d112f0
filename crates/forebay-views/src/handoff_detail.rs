//! The hand-offs of one reference, and the results of operations on hand-offs.

use std::collections::BTreeMap;

use forebay_domain::{handoff::Refusal, identity::ReferenceId};
use forebay_engine::work::reconciliation::{Problem, Reconciliation};
use forebay_store::{
    handoffs, pauses,
    workers::{Worker, WorkerState},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    attempt::Attempt, handoff::Handoff, job::Job, pause::Pause, reference::ReferenceSummary, time::Time,
};

/// A reference with all its hand-offs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReferenceHandoffs {
    /// The reference.
    pub reference: ReferenceSummary,
    /// Its hand-offs by pipeline, in the order of names.
    pub pipelines: Vec<PipelineHandoffs>,
}

/// The hand-offs of one reference to one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineHandoffs {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The hand-offs, newest first.
    pub handoffs: Vec<Handoff>,
    /// The remaining work; null: there is none.
    pub job: Option<Job>,
    /// The names of the live workers that work for the pipeline.
    pub workers: Vec<String>,
    /// The pauses of the pipeline and of its keys that have not ended.
    pub pauses: Vec<Pause>,
    /// The failed attempts, newest first.
    pub attempts: Vec<Attempt>,
}

/// The result of an operation on hand-offs, or of its dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Operated {
    /// The operation.
    #[schemars(schema_with = "crate::words::operation")]
    pub operation: String,
    /// Whether nothing was changed: the counts are of hand-offs that would be changed.
    pub is_dry_run: bool,
    /// Hand-offs that it applied to.
    pub num_done: u64,
    /// The same, by their previous state.
    pub done: Vec<OperatedCount>,
    /// Hand-offs that it did not apply to, by reason.
    pub refused: Vec<RefusedCount>,
    /// The pauses of the pipelines that it applied to: their hand-offs wait until the pause ends.
    pub pauses: Vec<Pause>,
}

/// References that were handed off on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requested {
    /// The name of the pipeline.
    pub pipeline: String,
    /// When they are to be ingested; null: now.
    pub due_at: Option<Time>,
    /// Number of hand-offs.
    pub num_handoffs: u64,
}

/// Hand-offs with the same state before an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperatedCount {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The state before.
    #[schemars(schema_with = "crate::words::handoff_state")]
    pub state: String,
    /// The reason for that state, as a stable word.
    pub reason_code: String,
    /// The stable word of their last failed attempts; null: none failed.
    pub failure_code: Option<String>,
    /// Number of hand-offs.
    pub num_handoffs: u64,
}

/// Hand-offs that an operation did not apply to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedCount {
    /// Why it did not apply.
    #[schemars(schema_with = "crate::words::refusal")]
    pub reason_code: String,
    /// The same, as a sentence.
    pub message: String,
    /// Number of hand-offs.
    pub num_handoffs: u64,
}

/// Whether every reference was ingested, is in progress, or has a recorded reason why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Whether missing references were handed off again.
    pub is_repair: bool,
    /// The pipelines.
    pub pipelines: Vec<VerifiedPipeline>,
    /// Pass it as `--from` to check the next part; null: there are no more references.
    pub next: Option<String>,
}

/// The state of references in one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedPipeline {
    /// The name of the pipeline.
    pub pipeline: String,
    /// References by standing.
    pub counts: BTreeMap<String, u64>,
    /// References that are missing or outdated.
    pub num_missing: u64,
    /// References with a problem, here or in the target.
    pub num_wrong: u64,
    /// Hand-offs that the repair made.
    pub num_repaired: u64,
    /// References with a problem that were not handed off again.
    pub num_unrepaired: u64,
    /// How the target differs from what was delivered; null: it was not compared.
    pub target: Option<ComparedTarget>,
    /// The first thousand references of each problem.
    pub wrong: Vec<WrongReference>,
}

/// How a target differs from what was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedTarget {
    /// References that count as ingested but are missing in the target.
    pub num_absent: u64,
    /// Removed or deleted references that are still in the target.
    pub num_extra: u64,
    /// Whether the target is a table that the pipeline has filled and that is gone, or another one has its name.
    pub is_gone: bool,
}

/// A reference with a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrongReference {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source; null: the reference was deleted for good.
    pub source: Option<String>,
    /// Its key in the source; null: the reference was deleted for good.
    pub record_key: Option<String>,
    /// `missing`: never handed off. `outdated`: ingested, or failed, with settings that the pipeline no longer
    /// has. `absent`: not in its target. `extra`: in its target although it should not be.
    #[schemars(schema_with = "crate::words::problem")]
    pub problem: String,
}

impl ReferenceHandoffs {
    /// A reference with its hand-offs, jobs and failed attempts, each newest first. Jobs and attempts of a pipeline
    /// without a hand-off in the list are left out.
    pub fn new(
        reference: ReferenceSummary,
        handoffs: Vec<handoffs::HandoffRow>,
        jobs: &[handoffs::JobRow],
        attempts: Vec<handoffs::AttemptRow>,
        workers: &[Worker],
        pauses: Vec<pauses::Pause>,
    ) -> Self {
        let mut pipelines: BTreeMap<String, PipelineHandoffs> = BTreeMap::new();
        for row in handoffs {
            let handoff = Handoff::from(row);
            let pipeline = pipelines.entry(handoff.pipeline.clone()).or_insert_with(|| PipelineHandoffs {
                pipeline: handoff.pipeline.clone(),
                handoffs: Vec::new(),
                job: None,
                workers: Vec::new(),
                pauses: Vec::new(),
                attempts: Vec::new(),
            });
            pipeline.handoffs.push(handoff);
        }
        for row in jobs {
            if let Some(pipeline) = pipelines.get_mut(&row.pipeline) {
                pipeline.job = Some(Job::from(row));
            }
        }
        for worker in workers.iter().filter(|worker| worker.state != WorkerState::Dead) {
            for (_, pipeline) in pipelines.iter_mut().filter(|(name, _)| worker.pipelines.contains(name)) {
                pipeline.workers.extend(worker.name.clone());
            }
        }
        for pause in pauses {
            if let Some(pipeline) = pipelines.get_mut(&pause.pipeline) {
                pipeline.pauses.push(pause.into());
            }
        }
        for row in attempts {
            if let Some(pipeline) = pipelines.get_mut(&row.pipeline) {
                pipeline.attempts.push(Attempt::from(row));
            }
        }
        Self { reference, pipelines: pipelines.into_values().collect() }
    }
}

impl Operated {
    /// The result of an operation.
    pub fn new(
        operation: handoffs::Operation,
        mode: handoffs::Mode,
        operated: handoffs::Operated,
        pauses: Vec<pauses::Pause>,
    ) -> Self {
        let is_changed = |pipeline: &str| operated.done.keys().any(|stood| stood.pipeline == pipeline);
        let pauses: Vec<pauses::Pause> =
            pauses.into_iter().filter(|pause| is_changed(&pause.pipeline)).collect();
        let done = operated.done.into_iter().map(|(stood, num_handoffs)| OperatedCount {
            pipeline: stood.pipeline,
            state: stood.state.as_str().to_owned(),
            reason_code: stood.reason_code,
            failure_code: stood.failure_code,
            num_handoffs,
        });
        Self {
            operation: operation.name().as_str().to_owned(),
            is_dry_run: mode == handoffs::Mode::DryRun,
            num_done: operated.num_done,
            done: done.collect(),
            refused: RefusedCount::all(&operated.refused),
            pauses: pauses.into_iter().map(Pause::from).collect(),
        }
    }
}

impl RefusedCount {
    /// Refused hand-offs by reason.
    pub(crate) fn all(refused: &BTreeMap<Refusal, u64>) -> Vec<Self> {
        let count = |(refusal, number): (&Refusal, &u64)| Self {
            reason_code: refusal.as_str().to_owned(),
            message: refusal.message().to_owned(),
            num_handoffs: *number,
        };
        refused.iter().map(count).collect()
    }
}

impl VerifiedPipeline {
    /// The result for a pipeline.
    pub fn new(pipeline: String, found: &Reconciliation, wrong: Vec<WrongReference>) -> Self {
        Self {
            pipeline,
            counts: found
                .counts
                .iter()
                .map(|(verdict, count)| (verdict.as_str().to_owned(), *count))
                .collect(),
            num_missing: found.num_missing(),
            num_wrong: found.num_wrong(),
            num_repaired: found.num_repaired,
            num_unrepaired: found.num_unrepaired(),
            target: found.target.as_ref().map(|target| ComparedTarget {
                num_absent: target.num_absent,
                num_extra: target.num_extra,
                is_gone: target.is_gone,
            }),
            wrong,
        }
    }
}

impl WrongReference {
    /// A reference with its source and key, if it still exists, and its problem.
    pub fn new(id: ReferenceId, name: Option<(String, String)>, problem: Problem) -> Self {
        let (source, record_key) = name.unzip();
        Self { reference_id: id.to_string(), source, record_key, problem: problem.as_str().to_owned() }
    }
}
