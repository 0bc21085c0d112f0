//! What is there and what changed, page by page: for readers who can take only so much at a time.
//!
//! Everything here has a limit on rows and, where values may be large, on each value. A page ends with a place from
//! which the next one goes on (keyset, so a late page costs no more than the first). Changes are found by run,
//! because the changes of one run have one time and are together in an index; runs are few. See `0002_references` for
//! the indexes.

use forebay_domain::{identity::ReferenceId, scope::Scope};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{error::Result, history::VersionChange, types::SqlId};

/// Reads what runs changed.
pub const CHANGES: &str = include_str!("timeline/changes.sql");
/// Reads what happened to one reference, newest first.
pub const REVISIONS: &str = include_str!("timeline/revisions.sql");
/// Reads the active references of a scope.
pub const ACTIVE: &str = include_str!("timeline/active.sql");

/// The place before every reference.
const BEFORE_ALL: ReferenceId = ReferenceId([0; 16]);

/// Which changes to read.
#[derive(Clone, Debug)]
pub struct ChangeFilter {
    /// Observed at this time or later.
    pub since: Timestamp,
    /// Only of this source.
    pub source: Option<String>,
    /// Only of sources of this entity type.
    pub entity_type: Option<String>,
}

/// A place between two changes: after this reference of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangePlace {
    /// The run.
    pub run_id: i64,
    /// The reference; all zeros: before the run's first.
    pub reference_id: ReferenceId,
}

/// What one run did to one reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The run.
    pub run_id: i64,
    /// When it observed the change.
    pub at: Timestamp,
    /// What it did. A restoration at other content is one restoration, with fields.
    pub change: VersionChange,
    /// The version since then.
    pub version: i32,
    /// The fields that changed, by name, at most 20.
    pub fields: Vec<String>,
    /// How many fields changed.
    pub num_fields: i32,
    /// The reference.
    pub reference_id: ReferenceId,
    /// Its source's name.
    pub source: String,
    /// What it is.
    pub entity_type: String,
    /// The first 500 characters of its key.
    pub record_key: String,
}

/// A page, and where the next one begins; `None`: it is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf<T, Place> {
    /// What is on it. It may be empty and not the last.
    pub items: Vec<T>,
    /// To be given for the next page.
    pub next: Option<Place>,
}

/// What was added, updated, removed and restored, newest run first, at most `limit` of it.
///
/// A reference that was added and is gone again is told of by its removal alone, and one that has since been seen in
/// another scope may be missing among those that a small run added. In a transaction, because plans are held for it.
pub async fn changes(
    transaction: &Transaction<'_>,
    filter: &ChangeFilter,
    from: Option<ChangePlace>,
    limit: u32,
) -> Result<PageOf<Change, ChangePlace>> {
    // However few references a run is thought to have added: what is not found by an index is a scan of everything.
    transaction.batch_execute("set local enable_seqscan = off; set local enable_hashjoin = off").await?;
    let from = from.unwrap_or(ChangePlace { run_id: i64::MAX, reference_id: BEFORE_ALL });
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
        let run_id: i64 = row.try_get(0)?;
        let Some(SqlId(reference_id)) = row.try_get(2)? else {
            // A run of which nothing more is told: on to the one before.
            page.next = Some(ChangePlace { run_id: run_id - 1, reference_id: BEFORE_ALL });
            continue;
        };
        page.next = Some(ChangePlace { run_id, reference_id });
        // Deleted for good since its run; its change goes with it.
        let (Some(source), Some(entity_type), Some(record_key)) =
            (row.try_get(7)?, row.try_get(8)?, row.try_get(9)?)
        else {
            continue;
        };
        page.items.push(Change {
            run_id,
            at: row.try_get(1)?,
            change: VersionChange::parse(row.try_get(3)?),
            version: row.try_get(4)?,
            fields: row.try_get(5)?,
            num_fields: row.try_get(6)?,
            reference_id,
            source,
            entity_type,
            record_key,
        });
    }
    if rows.len() <= wanted {
        page.next = None;
    }
    Ok(page)
}

/// A place in the history of a reference, as [`Revision`]s are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionPlace {
    /// When the change was observed; `None`: at the end of time.
    pub at: Option<Timestamp>,
    /// The run; 0: before all of that time.
    pub run_id: i64,
    /// The change's word.
    pub change: String,
    /// The field.
    pub field: String,
}

/// One changed field, or a removal or restoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// When it was observed.
    pub at: Timestamp,
    /// The run that did.
    pub run_id: i64,
    /// The version from then on.
    pub version: i32,
    /// What happened.
    pub change: VersionChange,
    /// The field; `removed_at` for a removal or restoration.
    pub field: String,
    /// The value before, as the beginning of its JSON text; `None`: it was absent.
    pub old: Option<String>,
    /// The value after, likewise.
    pub new: Option<String>,
}

/// What happened to a reference before a place, newest first, at most `limit` of it. Of each value as many characters
/// as `max_chars` and one more are read. The addition is not among it.
pub async fn revisions(
    client: &impl GenericClient,
    reference_id: ReferenceId,
    before: &RevisionPlace,
    limit: u32,
    max_chars: u32,
) -> Result<PageOf<Revision, RevisionPlace>> {
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
            at: row.try_get(0)?,
            run_id: row.try_get(1)?,
            version: row.try_get(2)?,
            change: VersionChange::parse(row.try_get(3)?),
            field: row.try_get(4)?,
            old: row.try_get(5)?,
            new: row.try_get(6)?,
        });
    }
    let place = |last: &Revision| RevisionPlace {
        at: Some(last.at),
        run_id: last.run_id,
        change: last.change.as_str().to_owned(),
        field: last.field.clone(),
    };
    let next = items.last().filter(|_| rows.len() > wanted).map(place);
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

/// The active references of an entity type in exactly this scope, by id, at most `limit` of them, each
/// with its payload if that is at most `max_bytes` long.
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
            reference_id: row.try_get::<_, SqlId>(0)?.0,
            source: row.try_get(1)?,
            record_key: row.try_get(2)?,
            version: row.try_get(3)?,
            changed_at: row.try_get(4)?,
            payload: row.try_get(5)?,
        });
    }
    let next = items.last().filter(|_| rows.len() > wanted).map(|last| last.reference_id);
    Ok(PageOf { items, next })
}
