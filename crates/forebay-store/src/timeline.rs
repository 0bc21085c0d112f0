//! Stored references and their changes, page by page, for readers with limited capacity.
//!
//! Every function limits the number of rows and, if values may be large, the size of each value. A page ends with a
//! cursor from which the next page continues (keyset, so a late page costs no more than the first). Changes are found
//! by run, because the changes of a run have the same time and are adjacent in an index, and there are few runs. See
//! `0002_references` for the indexes.

use forebay_domain::{handoff, identity::ReferenceId, scope::Scope};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{error::Result, row::ReadRow, types::SqlId};

mod change;
mod list;
mod stream;
use self::change::BEFORE_ALL;
pub use change::{Change, PageOf};
pub use list::{LIST, ListFilter, has_field, list, some_fields};
pub use stream::{SINCE, STREAM, StreamCursor, StreamFilter, StreamPage, stream};

/// Reads the changes of runs.
pub const CHANGES: &str = include_str!("timeline/changes.sql");
/// Reads the history of one reference, newest first.
pub const REVISIONS: &str = include_str!("timeline/revisions.sql");
/// Reads the active references of a scope.
pub const ACTIVE: &str = include_str!("timeline/active.sql");

/// Selects changes.
#[derive(Clone, Debug)]
pub struct ChangeFilter {
    /// Observed at this time or later.
    pub since: Timestamp,
    /// Only of this source.
    pub source: Option<String>,
    /// Only of sources of this entity type.
    pub entity_type: Option<String>,
}

/// A position between two changes: after this reference of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeCursor {
    /// The run.
    pub run_id: i64,
    /// The reference; all zeros: before the run's first one.
    pub reference_id: ReferenceId,
}

/// Additions, updates, removals and restorations, newest run first, at most `limit`.
///
/// For a reference that was added and later removed, only the removal is returned. Needs a transaction, because it sets
/// planner options.
pub async fn changes(
    transaction: &Transaction<'_>,
    filter: &ChangeFilter,
    from: Option<ChangeCursor>,
    limit: u32,
) -> Result<PageOf<Change, ChangeCursor>> {
    // A wrong estimate of a run's additions must not cause a full scan, so only index lookups are allowed.
    transaction.batch_execute("set local enable_seqscan = off; set local enable_hashjoin = off").await?;
    let from = from.unwrap_or(ChangeCursor { run_id: i64::MAX, reference_id: BEFORE_ALL });
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = transaction
        .query_typed(
            CHANGES,
            &[
                (&filter.since, Type::TIMESTAMPTZ),
                (&filter.source, Type::TEXT),
                (&filter.entity_type, Type::TEXT),
                (&from.run_id, Type::INT8),
                (&SqlId(from.reference_id), Type::UUID),
                (&(i64::from(limit) + 1), Type::INT8),
            ],
        )
        .await?;
    let mut page = PageOf { items: Vec::new(), next: None };
    for row in rows.iter().take(wanted) {
        let run_id: i64 = row.read("run_id")?;
        let Some(SqlId(reference_id)) = row.read("reference_id")? else {
            // The run has no further changes: continue with the one before.
            page.next = Some(ChangeCursor { run_id: run_id - 1, reference_id: BEFORE_ALL });
            continue;
        };
        page.next = Some(ChangeCursor { run_id, reference_id });
        page.items.extend(change::from_row(row, reference_id)?);
    }
    if rows.len() <= wanted {
        page.next = None;
    }
    Ok(page)
}

/// A position in the history of a reference, in the order of [`Revision`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionCursor {
    /// When the change was observed; `None`: after all changes.
    pub at: Option<Timestamp>,
    /// The run; 0: before all runs at that time.
    pub run_id: i64,
    /// The change's word.
    pub change: String,
    /// The field.
    pub field: String,
}

/// One changed field, or a removal or restoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// When the change was observed.
    pub at: Timestamp,
    /// The run that observed it.
    pub run_id: i64,
    /// The version since then.
    pub version: i32,
    /// The kind of change.
    pub change: handoff::Change,
    /// The field; `removed_at` for a removal or restoration.
    pub field: String,
    /// The old value, as the beginning of its JSON text; `None`: it was absent.
    pub old: Option<String>,
    /// The new value, likewise.
    pub new: Option<String>,
}

/// The history of a reference before a position, newest first, at most `limit` revisions. The first `max_chars`
/// characters of each value are read, and one more. The addition is not included.
pub async fn revisions(
    client: &impl GenericClient,
    reference_id: ReferenceId,
    before: &RevisionCursor,
    limit: u32,
    max_chars: u32,
) -> Result<PageOf<Revision, RevisionCursor>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = client
        .query_typed(
            REVISIONS,
            &[
                (&SqlId(reference_id), Type::UUID),
                (&before.at, Type::TIMESTAMPTZ),
                (&before.run_id, Type::INT8),
                (&before.change, Type::TEXT),
                (&before.field, Type::TEXT),
                (&(i64::from(limit) + 1), Type::INT8),
                (&i32::try_from(max_chars).unwrap_or(i32::MAX).saturating_add(1), Type::INT4),
            ],
        )
        .await?;
    let mut items = Vec::new();
    for row in rows.iter().take(wanted) {
        items.push(Revision {
            at: row.read("changed_at")?,
            run_id: row.read("scrape_run_id")?,
            version: row.read("version")?,
            change: row.word("change")?,
            field: row.read("field_name")?,
            old: row.read("old_value")?,
            new: row.read("new_value")?,
        });
    }
    let cursor = |last: &Revision| RevisionCursor {
        at: Some(last.at),
        run_id: last.run_id,
        change: last.change.as_str().to_owned(),
        field: last.field.clone(),
    };
    let next = items.last().filter(|_| rows.len() > wanted).map(cursor);
    Ok(PageOf { items, next })
}

/// An active reference.
#[derive(Clone, Debug)]
pub struct ActiveReference {
    /// Its id.
    pub reference_id: ReferenceId,
    /// Its source's name.
    pub source: String,
    /// The first 500 characters of its key.
    pub record_key: String,
    /// Its version.
    pub version: i32,
    /// When its last change was observed.
    pub changed_at: Timestamp,
    /// Its payload as JSON text, as Postgres writes it; `None`: it is too long.
    pub payload: Option<String>,
}

/// The active references of an entity type in exactly this scope, by id, at most `limit`, each with its payload if that
/// is at most `max_bytes` long.
pub async fn active(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    after: Option<ReferenceId>,
    limit: u32,
    max_bytes: u32,
) -> Result<PageOf<ActiveReference, ReferenceId>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = client
        .query_typed(
            ACTIVE,
            &[
                (&entity_type, Type::TEXT),
                (&scope.to_string(), Type::TEXT),
                (&SqlId(after.unwrap_or(BEFORE_ALL)), Type::UUID),
                (&(i64::from(limit) + 1), Type::INT8),
                (&i32::try_from(max_bytes).unwrap_or(i32::MAX), Type::INT4),
            ],
        )
        .await?;
    let mut items = Vec::new();
    for row in rows.iter().take(wanted) {
        items.push(ActiveReference {
            reference_id: row.read::<SqlId>("reference_id")?.0,
            source: row.read("source")?,
            record_key: row.read("record_key")?,
            version: row.read("version")?,
            changed_at: row.read("changed_at")?,
            payload: row.read("payload")?,
        });
    }
    let next = items.last().filter(|_| rows.len() > wanted).map(|last| last.reference_id);
    Ok(PageOf { items, next })
}
