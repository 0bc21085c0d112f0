//! The life cycle of a hand-off: the promise to ingest one version of one reference.
//!
//! A hand-off is unique per pipeline, reference and payload hash. One table, [`TRANSITIONS`], defines its states and
//! events; another, [`POLICIES`], the cost of failures. The code here and the check constraints of the database
//! follow both, so a new state, event or reason is a new row, here and in a migration.
//!
//! The rules:
//!
//! - The same hash again changes nothing.
//! - A new hash supersedes an older hand-off that waits (pending, retrying, held).
//! - A new hash during an attempt leaves the attempt alone and queues exactly one follow-up, whose job can be claimed
//!   when the attempt ends; see [`end_attempt`].
//! - If a reference returns to an earlier hash, or is removed or restored with the same hash, that row is reopened with
//!   a higher generation, so receipts of earlier generations are stale.
//! - When a pipeline's settings change, the hand-offs of current content are reopened, except cancelled ones.
//! - Ended hand-offs stay ended, except for reopening and an operator's retry.

mod policy;
mod transitions;
mod words;

#[cfg(test)]
mod tests;

pub use policy::{FailurePolicy, POLICIES, backoff, failure_event};
pub use transitions::{Event, Refusal, TRANSITIONS, Transition, end_attempt, next};
pub use words::{Change, FailureClass, HandlerKind, ReasonCode, State};
