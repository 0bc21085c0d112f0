//! Pauses of pipelines.

use forebay_store::pauses;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A pipeline, or a key of its limits, whose hand-offs wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The value of the pipeline's `limits.key`; null: the whole pipeline.
    pub key: Option<String>,
    /// When the pause ends, unless it is lifted before; the year 9999: only when it is lifted.
    pub until: Time,
}

/// Pauses that were lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The pauses, as they were; empty: it was not paused.
    pub lifted: Vec<Pause>,
}

impl From<pauses::Pause> for Pause {
    fn from(pause: pauses::Pause) -> Self {
        Self { pipeline: pause.pipeline, key: pause.key, until: pause.until.into() }
    }
}
