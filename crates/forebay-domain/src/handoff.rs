//! The life of a hand-off: the promise to ingest one version of one reference.
//!
//! A hand-off is unique per pipeline, reference and payload hash. What may happen to it is one table,
//! [`TRANSITIONS`]; what a failure costs is another, [`POLICIES`]. The code here and the check constraints of the
//! database both follow them, so a new state, event or reason is a new row, here and in a migration.
//!
//! The rules in words:
//! - The same hash again changes nothing.
//! - A new hash while the old one waits (pending, retrying, held) supersedes the old one.
//! - A new hash while the old one is active leaves the attempt alone and queues exactly one follow-up, whose job
//!   can be claimed when the attempt ends; see [`end_attempt`].
//! - Back to an earlier hash, or removed or restored under the same one, opens that row again, with its generation
//!   raised, so that receipts of its earlier life are stale.
//! - Changed settings of the pipeline open what references have now again, but for what was cancelled.
//! - Ended hand-offs stay ended, but for reopening and for an operator's retry.

mod policy;
mod transitions;
mod words;

#[cfg(test)]
mod tests;

pub use policy::{FailurePolicy, POLICIES, backoff, failure_event};
pub use transitions::{Event, Refusal, TRANSITIONS, Transition, end_attempt, next};
pub use words::{Change, FailureClass, ReasonCode, State};
