//! The life cycle of a hand-off: the promise to ingest one version of one reference.
//!
//! A hand-off is unique per pipeline, reference and payload hash. One table, [`TRANSITIONS`], defines its states and
//! events; another, [`POLICIES`], the cost of failures. The code here and the check constraints of the database
//! follow both, so a new state, event or reason is a new row, here and in a migration.
//!
//! What is open and what is settled are stored apart:
//!
//! - At most one content is open per pipeline and reference: pending, retrying or held; or active, while a claim holds
//!   it under a receipt. Only a claim has a follow-up: newer content that waits for the attempt to end, and is pending,
//!   held or cancelled.
//! - Every other content that was handed off has an outcome: succeeded, failed, superseded or cancelled. A content is
//!   never both open and settled. Only an attempt's own content may be in two places: active, and its own follow-up.
//!   Then the follow-up's state is the state of the content.
//!
//! The rules of handing off:
//!
//! - The same hash again changes nothing.
//! - If nothing is open, the content becomes open.
//! - If other content waits, it is superseded and settled, and the new content takes its place.
//! - If an attempt is in progress, it is left alone, and the content becomes its follow-up. A previous follow-up is
//!   settled: superseded, or cancelled if it was. A previous follow-up with the attempt's own hash only disappears.
//! - If a reference returns to an earlier hash, or is removed or restored with the same hash, that content is handed
//!   off again: its outcome is deleted, and its generation is one higher than that of the outcome, of what is open or
//!   of the follow-up. If it is active, it becomes its own follow-up.
//! - When a pipeline's settings change, current content is handed off again in the same way, except content that waits
//!   or was cancelled.
//!
//! The rules of an attempt's end:
//!
//! - Without a follow-up, content that succeeded or failed is settled, and content that is retried or was given back
//!   stays open.
//! - With a follow-up, the attempt's content is settled (see [`end_attempt`]), unless the follow-up is the same
//!   content. A pending or held follow-up becomes open; a cancelled one is settled.
//! - An attempt that an operator cancelled keeps its claim until its worker ends it, so no other worker begins
//!   meanwhile. If it would then be retried or was given back, it is settled as cancelled. If it has succeeded or
//!   failed for good, it is settled as that: the cancel came too late.
//! - A report under another receipt, or without an open row, is refused. So the end of an attempt never decides about
//!   content that was handed off after the claim: that is its follow-up.
//!
//! Settled hand-offs stay settled, except for handing off again and an operator's retry, which does the same.

mod policy;
mod transitions;
mod words;

#[cfg(test)]
mod tests;

pub use policy::{FailurePolicy, POLICIES, backoff, failure_event};
pub use transitions::{Event, Refusal, TRANSITIONS, Transition, end_attempt, next};
pub use words::{Change, FailureClass, HandlerKind, ReasonCode, State};
