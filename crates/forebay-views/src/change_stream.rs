//! The stream of changes: what a reader that follows it gets, and where it continues.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::Change;

/// A change in the stream, with its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeEvent {
    /// The position after this change, for `--since`: nothing is missed and nothing comes twice.
    pub cursor: String,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
}

/// A part of the stream of changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeStream {
    /// The changes, by the time when their runs ended, oldest first, within a run by `reference_id`.
    pub items: Vec<ChangeEvent>,
    /// Where to continue, for `--since`. Also given if there are no more changes yet.
    pub next: String,
    /// Whether this is everything for now; false: continue at `next` at once.
    pub is_last: bool,
}
