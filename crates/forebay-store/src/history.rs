//! One reference and its history: its lookup by name, its versions, and its payload at a time.
//!
//! A reference is named by its UUID or as `NAME/RECORD_KEY`; a source's name contains no slash, but a key may. After a
//! re-key both names work: the id computed from the new key is an alias, and the id computed from the old key is the
//! reference's own. If another record gets the old key, the name is that record's. Revisions contain the old and new
//! value of each changed field. The first version has no revision; [`versions`] derives it from the reference.

use forebay_domain::{
    diff::FieldChange,
    identity::{ReferenceId, VersionHash},
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

pub use forebay_domain::handoff::Change;

/// Finds a reference by its own id or by the id computed from a re-keyed key.
pub const FIND: &str = include_str!("history/find.sql");
/// Reads the changes of a reference, oldest first.
pub const REVISIONS: &str = include_str!("history/revisions.sql");

/// A reference's name, as given by a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceName {
    /// By its UUID, or by the UUID computed from one of its keys.
    Id(ReferenceId),
    /// By its source and its key there.
    Key {
        /// The source's name.
        source: String,
        /// The key, which may contain slashes.
        record_key: String,
    },
}

impl ReferenceName {
    /// Parses `NAME/RECORD_KEY` or a UUID; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            Some((source, key)) if !source.is_empty() && !key.is_empty() => {
                Some(Self::Key { source: source.to_owned(), record_key: key.to_owned() })
            }
            Some(_) => None,
            None => text.parse().ok().map(Self::Id),
        }
    }

    /// The id to look up.
    pub fn id(&self) -> ReferenceId {
        match self {
            Self::Id(id) => *id,
            Self::Key { source, record_key } => ReferenceId::compute(source, record_key),
        }
    }
}

/// A reference in its current state.
#[derive(Clone, Debug)]
pub struct ReferenceRow {
    /// Its permanent id.
    pub reference_id: ReferenceId,
    /// Its source's name.
    pub source: String,
    /// Its entity type.
    pub entity_type: String,
    /// Its scope, as text.
    pub scope: String,
    /// Its current key.
    pub record_key: String,
    /// Its version.
    pub version: i32,
    /// The hash of its content.
    pub version_hash: VersionHash,
    /// When it was first observed.
    pub first_seen_at: Timestamp,
    /// When its last change was observed.
    pub changed_at: Timestamp,
    /// When it was observed to be removed; `None`: it is active.
    pub removed_at: Option<Timestamp>,
    /// The run that added it.
    pub first_seen_run_id: i64,
    /// The run that last wrote it.
    pub scrape_run_id: i64,
    /// Its payload as JSON text, as Postgres writes it.
    pub payload: String,
    /// Where this version came from, as JSON text.
    pub lineage: String,
}

/// A new version, a removal or a restoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionEvent {
    /// When it was observed.
    pub at: Timestamp,
    /// The run that observed it.
    pub run_id: i64,
    /// What happened.
    pub change: Change,
    /// The version since then; a removal or restoration alone keeps it.
    pub version: i32,
    /// The changed fields, by name; empty unless [`Change::Updated`]. Values are JSON text as Postgres writes it.
    pub fields: Vec<FieldChange>,
}

/// Finds a reference by its name. Of the references that have had a key, it is the one that has it now; if none has it,
/// the first.
pub async fn find(client: &impl GenericClient, name: &ReferenceName) -> Result<Option<ReferenceRow>> {
    let Some(former) = find_by_id(client, name.id()).await? else { return Ok(None) };
    let ReferenceName::Key { source, record_key } = name else { return Ok(Some(former)) };
    let mut found = former.clone();
    for nth in 1.. {
        if found.record_key == *record_key {
            return Ok(Some(found));
        }
        let id = ReferenceId::of_reused_key(source, record_key, nth);
        let Some(next) = find_by_id(client, id).await? else { break };
        found = next;
    }
    Ok(Some(former))
}

/// Those of these references that were never re-keyed, with source and key. [`find`] finds these too.
pub async fn find_plain(
    client: &impl GenericClient,
    ids: &[ReferenceId],
) -> Result<Vec<(ReferenceId, String, String)>> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId).collect();
    let statement = "select r.reference_id, s.name as source, r.record_key \
         from forebay.\"references\" as r join forebay.sources as s using (source_id) \
         where r.reference_id = any ($1) \
             and not exists (select from forebay.reference_aliases as a where a.alias_id = r.reference_id)";
    let rows = client.query_typed(statement, &[(&ids, Type::UUID_ARRAY)]).await?;
    rows.iter()
        .map(|row| Ok((row.read::<SqlId>("reference_id")?.0, row.read("source")?, row.read("record_key")?)))
        .collect()
}

async fn find_by_id(client: &impl GenericClient, id: ReferenceId) -> Result<Option<ReferenceRow>> {
    let row = client.query_typed_opt(FIND, &[(&SqlId(id), Type::UUID)]).await?;
    row.as_ref().map(reference_row).transpose()
}

/// Reads a reference from a row with its columns.
pub(crate) fn reference_row(row: &Row) -> Result<ReferenceRow> {
    Ok(ReferenceRow {
        reference_id: row.read::<SqlId>("reference_id")?.0,
        source: row.read("source")?,
        entity_type: row.read("entity_type")?,
        scope: row.read("scope")?,
        record_key: row.read("record_key")?,
        version: row.read("version")?,
        version_hash: row.read::<SqlHash>("version_hash")?.0,
        first_seen_at: row.read("first_seen_at")?,
        changed_at: row.read("changed_at")?,
        removed_at: row.read("removed_at")?,
        first_seen_run_id: row.read("first_seen_run_id")?,
        scrape_run_id: row.read("scrape_run_id")?,
        payload: row.read("payload")?,
        lineage: row.read("lineage")?,
    })
}

/// The history of a reference, oldest first, beginning with its addition. A restoration with new content is two
/// events: the restoration and a new version.
pub async fn versions(client: &impl GenericClient, reference: &ReferenceRow) -> Result<Vec<VersionEvent>> {
    let rows = client.query_typed(REVISIONS, &[(&SqlId(reference.reference_id), Type::UUID)]).await?;
    let mut events = vec![VersionEvent {
        at: reference.first_seen_at,
        run_id: reference.first_seen_run_id,
        change: Change::Added,
        version: 1,
        fields: Vec::new(),
    }];
    for row in &rows {
        let (at, run_id): (Timestamp, i64) = (row.read("changed_at")?, row.read("scrape_run_id")?);
        let change = row.word("change")?;
        let is_same = |last: &VersionEvent| (last.at, last.run_id, last.change) == (at, run_id, change);
        if !events.last().is_some_and(is_same) {
            events.push(VersionEvent {
                at,
                run_id,
                change,
                version: row.read("version")?,
                fields: Vec::new(),
            });
        }
        if change == Change::Updated
            && let Some(event) = events.last_mut()
        {
            let (field, old, new) = (row.read("field_name")?, row.read("old_value")?, row.read("new_value")?);
            event.fields.push(FieldChange { field, old, new });
        }
    }
    Ok(events)
}

/// When a version of a reference was first observed; `None`: there is no such version.
pub async fn began(
    client: &impl GenericClient,
    reference: &ReferenceRow,
    version: i32,
) -> Result<Option<Timestamp>> {
    if version == 1 {
        return Ok(Some(reference.first_seen_at));
    }
    let statement = "select min(v.changed_at) as began_at from forebay.reference_revisions as v \
         where v.reference_id = $1 and v.version = $2 and v.change = 'updated'";
    let id = SqlId(reference.reference_id);
    client.query_typed_one(statement, &[(&id, Type::UUID), (&version, Type::INT4)]).await?.read("began_at")
}

/// A reference's payload at a time, as JSON text; `None`: it did not exist or was removed.
pub async fn reference_at(
    client: &impl GenericClient,
    id: ReferenceId,
    at: Timestamp,
) -> Result<Option<String>> {
    let row = client
        .query_typed_one(
            "select forebay.reference_at($1, $2)::text as reference_at",
            &[(&SqlId(id), Type::UUID), (&at, Type::TIMESTAMPTZ)],
        )
        .await?;
    row.read("reference_at")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_uuid_or_a_source_with_a_key() {
        let key = |source: &str, key: &str| {
            Some(ReferenceName::Key { source: source.to_owned(), record_key: key.to_owned() })
        };
        assert_eq!(ReferenceName::parse("courses/CSC-126"), key("courses", "CSC-126"));
        assert_eq!(ReferenceName::parse("pages/en/about"), key("pages", "en/about"));
        let id = ReferenceId::compute("courses", "CSC-126");
        assert_eq!(ReferenceName::parse(&id.to_string()), Some(ReferenceName::Id(id)));
        assert_eq!(ReferenceName::parse(&format!("courses/{id}")), key("courses", &id.to_string()));
        for text in ["", "courses", "courses/", "/CSC-126", "1f0c2a7e-5b1d"] {
            assert_eq!(ReferenceName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_computed_id() {
        let name = ReferenceName::parse("pages/en/about").unwrap();
        assert_eq!(name.id(), ReferenceId::compute("pages", "en/about"));
    }
}
