//! The history of one reference.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    json::Json,
    page::Page,
    reference::{Reference, ReferenceSummary},
    time::Time,
    version::Version,
};

/// A reference with everything that happened to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// The reference as it is now.
    pub reference: Reference,
    /// What happened to it, oldest first.
    pub versions: Vec<Version>,
}

/// A part of what happened to a reference.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// The reference as it is now.
    pub reference: ReferenceSummary,
    /// What happened to it, newest first. A version whose fields do not fit on one page continues on the next.
    pub versions: Page<Version>,
}

/// A reference as it was at a time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PointInTime {
    /// The reference as it is now.
    pub reference: ReferenceSummary,
    /// The time.
    pub at: Time,
    /// The record as it was observed at that time, as an object.
    pub payload: Json,
}
