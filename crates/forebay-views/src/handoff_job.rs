//! An operation on many hand-offs that goes on after its response.

use forebay_store::handoffs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, handoff_detail::RefusedCount, time::Time};

forebay_domain::words! {
    /// The state of a job.
    pub enum JobState {
        /// It works.
        Running = "running",
        /// It was asked to stop, and finishes its transaction.
        Stopping = "stopping",
        /// It stopped before everything was done.
        Stopped = "stopped",
        /// Everything is done.
        Done = "done",
        /// An error ended it.
        Failed = "failed",
    }
}

/// An operation on many hand-offs, in one server until that ends. What is left then can be selected again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandoffJob {
    /// Its number in the server.
    pub job: u64,
    /// The operation.
    #[schemars(schema_with = "crate::words::operation")]
    pub operation: String,
    /// `running`; `stopping`: it was asked to stop, and finishes its transaction; `stopped`: some is left as it was;
    /// `done`; `failed`: `error` says why, and what was done before stays done.
    #[schemars(schema_with = "forebay_domain::words::schema::<JobState>")]
    pub state: String,
    /// Hand-offs that it has applied to.
    pub num_done: u64,
    /// Hand-offs that it has not applied to, by reason.
    pub refused: Vec<RefusedCount>,
    /// When it began.
    pub began_at: Time,
    /// The error that ended it; null: none did.
    pub error: Option<Error>,
}

impl HandoffJob {
    /// Adds what is done so far.
    #[must_use]
    pub fn with(self, so_far: &handoffs::Operated) -> Self {
        Self { num_done: so_far.num_done, refused: RefusedCount::all(&so_far.refused), ..self }
    }
}
