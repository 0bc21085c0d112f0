//! A change of a reference, and a page of anything.

use forebay_domain::{handoff, identity::ReferenceId};
use jiff::Timestamp;

/// The cursor before every reference.
pub(super) const BEFORE_ALL: ReferenceId = ReferenceId([0; 16]);

/// A run's change of one reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The run.
    pub run_id: i64,
    /// When it observed the change.
    pub at: Timestamp,
    /// The kind of change. A restoration with new content is one restoration, with fields.
    pub change: handoff::Change,
    /// The version since then.
    pub version: i32,
    /// The names of changed fields, at most 20, sorted.
    pub fields: Vec<String>,
    /// Number of changed fields.
    pub num_fields: i32,
    /// The reference.
    pub reference_id: ReferenceId,
    /// Its source's name.
    pub source: String,
    /// Its entity type.
    pub entity_type: String,
    /// The first 500 characters of its key.
    pub record_key: String,
}

/// A page with the cursor of the next one; `None`: this is the last page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf<T, Cursor> {
    /// The items. A page may be empty without being the last.
    pub items: Vec<T>,
    /// The cursor for the next page.
    pub next: Option<Cursor>,
}
