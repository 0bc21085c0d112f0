//! The hand-offs of one reference, and what operations on hand-offs print.

use std::collections::BTreeMap;

use forebay_domain::identity::ReferenceId;
use forebay_engine::work::reconciliation::Reconciliation;
use forebay_store::handoffs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{attempt::Attempt, handoff::Handoff, job::Job, reference::ReferenceSummary};

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
    /// What is still to do; null: nothing.
    pub job: Option<Job>,
    /// The attempts that failed, newest first.
    pub attempts: Vec<Attempt>,
}

/// What an operation did to hand-offs, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Operated {
    /// The operation.
    #[schemars(schema_with = "crate::words::operation")]
    pub operation: String,
    /// Nothing was changed: these are the hand-offs that would be.
    pub is_dry_run: bool,
    /// Hand-offs that it applied to.
    pub num_done: u64,
    /// The same, by how they stood before.
    pub done: Vec<OperatedCount>,
    /// Hand-offs that it did not apply to, by reason.
    pub refused: Vec<RefusedCount>,
}

/// Hand-offs that stood alike before an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperatedCount {
    /// The name of the pipeline.
    pub pipeline: String,
    /// How they stood before.
    #[schemars(schema_with = "crate::words::handoff_state")]
    pub state: String,
    /// Why they stood so, as a stable word.
    pub reason_code: String,
    /// What their last failed attempts reported, as a stable word; null: none failed.
    pub failure_code: Option<String>,
    /// How many there are.
    pub num_handoffs: u64,
}

/// Hand-offs that an operation did not apply to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedCount {
    /// Why it did not apply, as a stable word.
    pub reason_code: String,
    /// How many there are.
    pub num_handoffs: u64,
}

/// Whether every reference was ingested, is in work, or has a recorded reason not to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Whatever was missing was handed off again.
    pub is_repair: bool,
    /// The pipelines.
    pub pipelines: Vec<VerifiedPipeline>,
}

/// How references stand in one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedPipeline {
    /// The name of the pipeline.
    pub pipeline: String,
    /// References by how they stand.
    pub counts: BTreeMap<String, u64>,
    /// References that are missing or outdated.
    pub num_missing: u64,
    /// Hand-offs that the repair made.
    pub num_repaired: u64,
    /// How the target differs from what it was given; null: it was not asked.
    pub target: Option<ComparedTarget>,
    /// The first thousand references of each problem.
    pub wrong: Vec<WrongReference>,
}

/// How a target differs from what it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedTarget {
    /// References that count as ingested and that it does not hold.
    pub num_absent: u64,
    /// References that it holds although they are removed or deleted.
    pub num_extra: u64,
}

/// A reference that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrongReference {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source; null: the reference was deleted for good.
    pub source: Option<String>,
    /// Its key in the source; null: the reference was deleted for good.
    pub record_key: Option<String>,
    /// `missing`: never handed off. `outdated`: ingested by settings that the pipeline no longer has. `absent`: its
    /// target does not hold it. `extra`: its target should not hold it.
    #[schemars(schema_with = "crate::words::problem")]
    pub problem: String,
}

impl ReferenceHandoffs {
    /// A reference with its hand-offs, work and failed attempts, each newest first. Work and attempts of a pipeline
    /// that has no hand-off in the list are left out.
    pub fn new(
        reference: ReferenceSummary,
        handoffs: Vec<handoffs::HandoffRow>,
        jobs: &[handoffs::JobRow],
        attempts: Vec<handoffs::AttemptRow>,
    ) -> Self {
        let mut pipelines: BTreeMap<String, PipelineHandoffs> = BTreeMap::new();
        for row in handoffs {
            let handoff = Handoff::from(row);
            let pipeline = pipelines.entry(handoff.pipeline.clone()).or_insert_with(|| PipelineHandoffs {
                pipeline: handoff.pipeline.clone(),
                handoffs: Vec::new(),
                job: None,
                attempts: Vec::new(),
            });
            pipeline.handoffs.push(handoff);
        }
        for row in jobs {
            if let Some(pipeline) = pipelines.get_mut(&row.pipeline) {
                pipeline.job = Some(Job::from(row));
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
    /// What an operation did.
    pub fn new(operation: handoffs::Operation, mode: handoffs::Mode, operated: handoffs::Operated) -> Self {
        let done = operated.done.into_iter().map(|(stood, num_handoffs)| OperatedCount {
            pipeline: stood.pipeline,
            state: stood.state.as_str().to_owned(),
            reason_code: stood.reason_code,
            failure_code: stood.failure_code,
            num_handoffs,
        });
        let refused = operated
            .refused
            .into_iter()
            .map(|(code, num_handoffs)| RefusedCount { reason_code: code.to_owned(), num_handoffs });
        Self {
            operation: operation.as_str().to_owned(),
            is_dry_run: mode == handoffs::Mode::DryRun,
            num_done: operated.num_done,
            done: done.collect(),
            refused: refused.collect(),
        }
    }
}

impl VerifiedPipeline {
    /// What was found for a pipeline.
    pub fn new(pipeline: String, found: &Reconciliation, wrong: Vec<WrongReference>) -> Self {
        Self {
            pipeline,
            counts: found
                .counts
                .iter()
                .map(|(verdict, count)| (verdict.as_str().to_owned(), *count))
                .collect(),
            num_missing: found.num_lacking(),
            num_repaired: found.num_repaired,
            target: found
                .target
                .as_ref()
                .map(|target| ComparedTarget { num_absent: target.num_absent, num_extra: target.num_extra }),
            wrong,
        }
    }

    /// References that are not as they should be, here or in the target.
    pub fn num_wrong(&self) -> u64 {
        self.num_missing + self.target.as_ref().map_or(0, |target| target.num_absent + target.num_extra)
    }

    /// Those of them that were not handed off again.
    pub fn num_unrepaired(&self) -> u64 {
        self.num_wrong().saturating_sub(self.num_repaired)
    }
}

impl WrongReference {
    /// A reference with its source and key, if it still exists, and its problem.
    pub fn new(id: ReferenceId, name: Option<(String, String)>, problem: &str) -> Self {
        let (source, record_key) = name.unzip();
        Self { reference_id: id.to_string(), source, record_key, problem: problem.to_owned() }
    }
}
