//! The three-way comparison behind `sync`: what to change in the database so that it equals the folder.
//!
//! Three lists of files are compared: the folder now, the database now, and the *base*, their common state after the
//! last sync. A side has changed a file if it differs from the base. If only the folder changed, the database follows.
//! If only the database changed, that is reported and left alone. If both changed, both are kept and reported.
//!
//! A file's identity is its lesson id, not its path. Files without an id are identified by path, then by a path that
//! differs only by case, then by equal content if exactly one file on each side has it. Only what is left after that
//! was added or removed, so a rename never costs a lesson its history.
//!
//! A plan is pure: nothing is read or written here. What cannot be decided safely is left alone on both sides.

mod action;
mod blocked;
mod decide;
mod guard;
mod intended;
mod keep;
mod matching;
mod part;
mod state;
mod taken;
#[cfg(test)]
mod tests;
mod track;

pub use action::{Action, Changes, Conflict, ConflictKind, MatchedBy, RemoteChange, RemoteKind};
pub use guard::{GuardSettings, Plan, Refusal, RefusalReason, plan, plan_keeping};
pub use intended::{base_as_intended, intended};
pub use keep::{Keep, SeenVersions, Side};
pub use state::{FileState, Sides};
