//! A change of a reference, and a page of anything.

use forebay_domain::{handoff, identity::ReferenceId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::{error::Result, row::ReadRow};

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

/// Reads the change of this reference; `None`: the reference was deleted after the run.
pub(super) fn from_row(row: &Row, reference_id: ReferenceId) -> Result<Option<Change>> {
    let (Some(source), Some(entity_type), Some(record_key)) =
        (row.read("source")?, row.read("entity_type")?, row.read("record_key")?)
    else {
        return Ok(None);
    };
    Ok(Some(Change {
        run_id: row.read("run_id")?,
        at: row.read("observed_at")?,
        change: row.word("change")?,
        version: row.read("version")?,
        fields: row.read("fields")?,
        num_fields: row.read("num_fields")?,
        reference_id,
        source,
        entity_type,
        record_key,
    }))
}
