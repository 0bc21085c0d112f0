//! Pipelines with their state.

use forebay_store::{
    jobs::Backlog,
    pipelines::{Health, Pipeline},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    time::Time,
    words::{EnabledState, PipelineReason},
};

/// A pipeline, whether it is enabled, and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineState {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The only source whose changes it takes; null: every source.
    pub source: Option<String>,
    /// What applies a change.
    pub handler: String,
    /// The project that declared it; null: none has.
    pub project: Option<String>,
    /// Whether workers work for it.
    #[schemars(schema_with = "crate::words::enabled_state")]
    pub state: String,
    /// Why it is disabled; null: it is enabled. `declared`: its declaration says so, and it gets no hand-offs.
    /// `endpoint_failing`: all deliveries failed for too long, and `operator`: `forebay pipelines disable`; its
    /// hand-offs wait.
    #[schemars(schema_with = "crate::words::pipeline_reason_or_null")]
    pub reason_code: Option<String>,
    /// When it was disabled; null: it is enabled, or its declaration disables it.
    pub disabled_at: Option<Time>,
    /// Since when all deliveries to its endpoint have failed; null: the last ones have not, or it has no endpoint.
    pub failing_since: Option<Time>,
    /// How many deliveries have failed since then.
    pub num_failures: u64,
    /// Hand-offs that wait: due, claimed, or to be retried later.
    pub num_waiting: u64,
}

impl PipelineState {
    /// A pipeline with its backlog.
    pub fn new(pipeline: &Pipeline, backlog: &Backlog) -> Self {
        let Pipeline { spec, health: Health { disabled, failing_since, num_failures }, .. } = pipeline;
        let reason = match disabled {
            _ if !spec.enabled => Some(PipelineReason::Declared.as_str()),
            Some((_, reason)) => Some(reason.as_str()),
            None => None,
        };
        Self {
            pipeline: spec.name.clone(),
            source: spec.source_name.clone(),
            handler: spec.handler.clone(),
            project: spec.project.clone(),
            state: EnabledState::from(reason.is_none()).to_string(),
            reason_code: reason.map(str::to_owned),
            disabled_at: disabled.map(|(at, _)| at.into()),
            failing_since: failing_since.map(Time::from),
            num_failures: *num_failures,
            num_waiting: backlog.num_waiting(),
        }
    }
}
