//! What the worker in this process has done.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use forebay_engine::work::PipelineReport;

use super::{
    catalogue::WORKER_HANDOFFS,
    samples::{Names, Samples},
};

/// The attempts of a pipeline, by outcome.
type Outcomes = [(&'static str, u64); 3];

/// The attempts of a worker in this process, by pipeline. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct WorkerCounts(Arc<Mutex<BTreeMap<String, Outcomes>>>);

impl WorkerCounts {
    /// Notes what was done for a pipeline since the worker began.
    pub fn note(&self, report: &PipelineReport) {
        let counts = [
            ("succeeded", report.num_succeeded),
            ("failed", report.num_failed),
            ("retried", report.num_retried),
        ];
        // A count is never half written, so a panic elsewhere leaves nothing to repair.
        let mut pipelines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pipelines.insert(report.pipeline.clone(), counts);
    }

    pub(super) fn add_to(&self, samples: &mut Samples) {
        let pipelines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = Names::of(pipelines.keys().map(String::as_str));
        for (pipeline, counts) in &*pipelines {
            for (outcome, number) in counts {
                samples.add_up(&WORKER_HANDOFFS, &[names.label(pipeline), outcome], *number as f64);
            }
        }
    }
}
