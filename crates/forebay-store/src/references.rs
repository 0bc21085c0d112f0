//! The rows of references and their revisions: probing a batch, reading stored rows, writing changes.
//!
//! The probe is the hot path of a replay: one index-only lookup for each record. A test checks its plan. Writers run
//! inside the caller's transaction, which must have called [`hold_plans`].

mod scopes;

use forebay_domain::{
    diff::FieldChange,
    identity::{ReferenceId, VersionHash},
    reject::Place,
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction, types::Type};

pub use scopes::{
    COUNT_IN_SCOPES, active_elsewhere, begin_active, count_in_scopes, next_active, stream_active, streamed_id,
};

use crate::{
    copy::CopyWriter,
    error::Result,
    row::{ReadRow, columns},
    types::{SqlHash, SqlId, SqlText, sql_ids},
};

/// Finds the records of a batch that differ from the stored ones.
pub const PROBE: &str = include_str!("references/probe.sql");
/// Reads the stored rows of a batch.
pub const CURRENT: &str = include_str!("references/current.sql");
/// Writes new versions and restorations.
pub const UPDATE: &str = include_str!("references/update.sql");
/// Turns references into tombstones.
pub const REMOVE: &str = include_str!("references/remove.sql");

const COPY_REFERENCES: &str = "copy forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, \
     first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload, \
     lineage) from stdin with (format binary)";

const COPY_REVISIONS: &str = "copy forebay.reference_revisions (reference_id, changed_at, scrape_run_id, version, \
     change, field_name, old_value, new_value) from stdin with (format binary)";

/// A record of a batch that differs from the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its position in the batch.
    pub index: usize,
    /// Whether a reference with its id exists (with other content, in another scope, or as a tombstone).
    pub exists: bool,
}

/// The stored state of a reference.
#[derive(Clone, Debug)]
pub struct Current {
    /// Its position in the given ids.
    pub index: usize,
    /// Its version.
    pub version: i32,
    /// The hash of its content.
    pub version_hash: VersionHash,
    /// When it was observed to be removed.
    pub removed_at: Option<Timestamp>,
    /// When its stored content was observed.
    pub observed_at: Timestamp,
    /// Its scope.
    pub scope: String,
    /// Whether it was removed because its record said that it is gone.
    pub is_flagged: bool,
    /// Its current key.
    pub record_key: String,
    /// Its payload as JSON text.
    pub payload: String,
}

/// Common properties of all rows that one run writes.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The run.
    pub run_id: i64,
    /// Its source.
    pub source_id: i32,
    /// The source's entity type.
    pub entity_type: String,
    /// The run's scope, as text.
    pub scope: String,
    /// When the run observed the source.
    pub observed_at: Timestamp,
}

/// Where a record was in its run's input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lineage<'a> {
    /// The line, or the record's number on its page; line 0 if unknown. Only the line is stored.
    pub place: Place,
    /// The page that contained it, without secrets, if the run read pages.
    pub url: Option<&'a str>,
    /// When that page was fetched.
    pub fetched_at: Option<Timestamp>,
}

/// A record to write. Its texts are in the caller's buffers.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The id of its reference.
    pub reference_id: ReferenceId,
    /// The hash of its content.
    pub version_hash: VersionHash,
    /// Its key.
    pub record_key: &'a str,
    /// Its payload as JSON text.
    pub payload: &'a [u8],
    /// Where it was in the input.
    pub lineage: Lineage<'a>,
    /// Whether it says that it is gone: it removes its reference.
    pub removes: bool,
    /// The stored version that its content builds on, 0 if nothing was stored. `None`: it is a whole record.
    pub base_version: Option<i32>,
}

/// A reference that gets new content or is restored.
#[derive(Clone, Debug)]
pub struct ChangedReference<'a> {
    /// Its new content.
    pub record: Record<'a>,
    /// The version that was read.
    pub old_version: i32,
    /// The removal time that was read.
    pub old_removed_at: Option<Timestamp>,
    /// Its new version.
    pub version: i32,
    /// The changed fields.
    pub fields: Vec<FieldChange>,
}

/// Restricts the planner, for this transaction, to index lookups in set-based writes. Otherwise it hash-joins a batch
/// of some thousand rows with a scan of the whole table, and its cost estimates trigger JIT compilation, which takes
/// longer than the statement.
///
/// It also lets the server end the transaction if this process is suspended in it: its row locks would block the run
/// that takes over.
pub async fn hold_plans(transaction: &impl GenericClient) -> Result<()> {
    transaction
        .batch_execute(
            "set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off; \
             set local idle_in_transaction_session_timeout = '2min'",
        )
        .await?;
    Ok(())
}

/// Finds the records of a batch that differ from what is stored. `ids` (sorted, unique) and `hashes` correspond by
/// position. Sorted ids visit each index page once. A record without a hash removes its reference; it differs from an
/// active one.
pub async fn probe(
    client: &impl GenericClient,
    ids: &[ReferenceId],
    hashes: &[Option<VersionHash>],
    scope: &str,
) -> Result<Vec<Difference>> {
    debug_assert!(ids.is_sorted(), "an answer is found again by its id");
    let parameters = sql_ids(ids);
    let hashes: Vec<Option<SqlHash>> = hashes.iter().map(|hash| hash.map(SqlHash)).collect();
    let rows = client
        .query_typed(
            PROBE,
            &[(&parameters, Type::UUID_ARRAY), (&hashes, Type::BYTEA_ARRAY), (&scope, Type::TEXT)],
        )
        .await?;
    let mut differences = Vec::with_capacity(rows.len());
    let [reference_id, exists] = columns(&rows, ["reference_id", "exists"])?;
    for row in &rows {
        let id = row.read::<SqlId>(reference_id)?.0;
        if let Ok(index) = ids.binary_search(&id) {
            differences.push(Difference { index, exists: row.read(exists)? });
        }
    }
    Ok(differences)
}

/// Reads the stored rows of `ids`, in their order; missing ids are left out.
pub async fn current(client: &impl GenericClient, ids: &[ReferenceId]) -> Result<Vec<Current>> {
    let ids = sql_ids(ids);
    let rows = client.query_typed(CURRENT, &[(&ids, Type::UUID_ARRAY)]).await?;
    let [ordinal, version, version_hash, removed_at, observed_at, scope, is_flagged, record_key, payload] =
        columns(
            &rows,
            [
                "index",
                "version",
                "version_hash",
                "removed_at",
                "observed_at",
                "scope",
                "is_flagged",
                "record_key",
                "payload",
            ],
        )?;
    rows.iter()
        .map(|row| {
            Ok(Current {
                index: index(row.read(ordinal)?),
                version: row.read(version)?,
                version_hash: row.read::<SqlHash>(version_hash)?.0,
                removed_at: row.read(removed_at)?,
                observed_at: row.read(observed_at)?,
                scope: row.read(scope)?,
                is_flagged: row.read(is_flagged)?,
                record_key: row.read(record_key)?,
                payload: row.read(payload)?,
            })
        })
        .collect()
}

/// Which of `ids` exist, as active references or as tombstones.
pub async fn existing(client: &impl GenericClient, ids: &[ReferenceId]) -> Result<Vec<ReferenceId>> {
    let statement = "select reference_id from forebay.\"references\" where reference_id = any($1)";
    let rows = client.query_typed(statement, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    rows.iter().map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).collect()
}

/// Adds references. If another run has added a key in the meantime, a unique violation fails the transaction.
pub async fn add(transaction: &Transaction<'_>, origin: &Origin, records: &[Record<'_>]) -> Result<u64> {
    let mut lineage = String::new();
    let mut copy = CopyWriter::begin(transaction, COPY_REFERENCES).await?;
    for record in records {
        lineage.clear();
        write_lineage(&mut lineage, &record.lineage);
        copy.row(14)
            .await?
            .id(record.reference_id)
            .timestamp(origin.observed_at)
            .timestamp(origin.observed_at)
            .timestamp(origin.observed_at)
            .int8(origin.run_id)
            .int8(origin.run_id)
            .int4(origin.source_id)
            .int4(1)
            .hash(record.version_hash)
            .text(&origin.entity_type)
            .text(&origin.scope)
            .text(record.record_key)
            .jsonb(record.payload)
            .jsonb(lineage.as_bytes());
    }
    copy.finish().await
}

/// Writes new versions and restorations. Returns the number of updated rows; rows changed since they were read are not
/// updated.
pub async fn update(
    transaction: &impl GenericClient,
    origin: &Origin,
    changed: &[ChangedReference<'_>],
) -> Result<u64> {
    let ids: Vec<SqlId> = changed.iter().map(|c| SqlId(c.record.reference_id)).collect();
    let old_versions: Vec<i32> = changed.iter().map(|c| c.old_version).collect();
    let old_removed: Vec<Option<Timestamp>> = changed.iter().map(|c| c.old_removed_at).collect();
    let versions: Vec<i32> = changed.iter().map(|c| c.version).collect();
    let hashes: Vec<SqlHash> = changed.iter().map(|c| SqlHash(c.record.version_hash)).collect();
    let payloads: Vec<SqlText<'_>> = changed.iter().map(|c| SqlText(c.record.payload)).collect();
    let lines: Vec<Option<i64>> = changed.iter().map(|c| known_line(c.record.lineage.place.line)).collect();
    let urls: Vec<Option<&str>> = changed.iter().map(|c| c.record.lineage.url).collect();
    let fetched: Vec<Option<Timestamp>> = changed.iter().map(|c| c.record.lineage.fetched_at).collect();
    let num_updated = transaction
        .execute_typed(
            UPDATE,
            &[
                (&ids, Type::UUID_ARRAY),
                (&old_versions, Type::INT4_ARRAY),
                (&old_removed, Type::TIMESTAMPTZ_ARRAY),
                (&versions, Type::INT4_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&payloads, Type::TEXT_ARRAY),
                (&lines, Type::INT8_ARRAY),
                (&urls, Type::TEXT_ARRAY),
                (&fetched, Type::TIMESTAMPTZ_ARRAY),
                (&origin.observed_at, Type::TIMESTAMPTZ),
                (&origin.run_id, Type::INT8),
                (&origin.scope, Type::TEXT),
                (&origin.entity_type, Type::TEXT),
            ],
        )
        .await?;
    Ok(num_updated)
}

/// Writes revisions: one for each changed field and one for each restoration.
pub async fn add_revisions(
    transaction: &Transaction<'_>,
    origin: &Origin,
    changed: &[ChangedReference<'_>],
) -> Result<u64> {
    let mut copy = CopyWriter::begin(transaction, COPY_REVISIONS).await?;
    for reference in changed {
        let removed_at = reference.old_removed_at.map(|at| format!("\"{at}\""));
        let restored = removed_at.as_deref().map(|at| ("restored", "removed_at", Some(at), None));
        let updated = reference
            .fields
            .iter()
            .map(|f| ("updated", f.field.as_str(), f.old.as_deref(), f.new.as_deref()));
        for (change, field, old, new) in restored.into_iter().chain(updated) {
            copy.row(8)
                .await?
                .id(reference.record.reference_id)
                .timestamp(origin.observed_at)
                .int8(origin.run_id)
                .int4(reference.version)
                .text(change)
                .text(field)
                .jsonb_or_null(old)
                .jsonb_or_null(new);
        }
    }
    copy.finish().await
}

/// Creates the partition for revisions observed at `at` if it is missing.
pub async fn ensure_revision_month(client: &impl GenericClient, at: Timestamp) -> Result<()> {
    client
        .query_typed(
            "select forebay_private.ensure_month('reference_revisions', $1)",
            &[(&at, Type::TIMESTAMPTZ)],
        )
        .await?;
    Ok(())
}

/// Moves references to the scope that has seen them.
pub async fn move_to_scope(
    transaction: &impl GenericClient,
    ids: &[ReferenceId],
    scope: &str,
) -> Result<u64> {
    let statement = "update forebay.\"references\" set scope = $2 where reference_id = any($1)";
    let num_moved = transaction
        .execute_typed(statement, &[(&sql_ids(ids), Type::UUID_ARRAY), (&scope, Type::TEXT)])
        .await?;
    Ok(num_moved)
}

/// A reference that became a tombstone: its id, version and hash.
pub type Removed = (ReferenceId, i32, VersionHash);

/// Turns references into tombstones, and returns those that were active and that no later observation has written.
/// `is_flagged`: because their records say that they are gone.
pub async fn remove(
    transaction: &impl GenericClient,
    origin: &Origin,
    ids: &[ReferenceId],
    is_flagged: bool,
) -> Result<Vec<Removed>> {
    let rows = transaction
        .query_typed(
            REMOVE,
            &[
                (&origin.run_id, Type::INT8),
                (&origin.observed_at, Type::TIMESTAMPTZ),
                (&sql_ids(ids), Type::UUID_ARRAY),
                (&origin.observed_at.to_string(), Type::TEXT),
                (&is_flagged, Type::BOOL),
            ],
        )
        .await?;
    let removed = |row: &tokio_postgres::Row| {
        let (id, hash) = (row.read::<SqlId>("reference_id")?.0, row.read::<SqlHash>("version_hash")?.0);
        Ok((id, row.read("version")?, hash))
    };
    rows.iter().map(removed).collect()
}

/// Number of active references in a scope.
pub async fn count_active(client: &impl GenericClient, source_id: i32, scope: &str) -> Result<u64> {
    let statement = "select count(*) as num_active from forebay.\"references\" \
         where source_id = $1 and scope = $2 and removed_at is null";
    let row = client.query_typed_one(statement, &[(&source_id, Type::INT4), (&scope, Type::TEXT)]).await?;
    row.count("num_active")
}

/// Whether a scope has any active reference; the first load of a scope has none.
pub async fn any_active(client: &impl GenericClient, source_id: i32, scope: &str) -> Result<bool> {
    let statement = "select exists (select from forebay.\"references\" \
         where source_id = $1 and scope = $2 and removed_at is null) as has_active";
    let row = client.query_typed_one(statement, &[(&source_id, Type::INT4), (&scope, Type::TEXT)]).await?;
    row.read("has_active")
}

/// Whether a source has active references in other scopes than this one.
pub async fn any_active_elsewhere(client: &impl GenericClient, source_id: i32, scope: &str) -> Result<bool> {
    // Not `<>`, which would read all references of this scope.
    let statement = "select exists (select from forebay.\"references\" \
             where source_id = $1 and scope < $2 and removed_at is null) \
         or exists (select from forebay.\"references\" \
             where source_id = $1 and scope > $2 and removed_at is null) as has_active";
    let row = client.query_typed_one(statement, &[(&source_id, Type::INT4), (&scope, Type::TEXT)]).await?;
    row.read("has_active")
}

/// Vacuums and analyses the table after a large load. The probe needs the visibility map to avoid reading the table,
/// and the planner the distribution of the columns that statements select by; autovacuum analyses the others later.
/// Best effort, since only the table's owner may do this.
pub async fn vacuum_after_load(client: &impl GenericClient) -> Result<()> {
    let statement = "vacuum (analyze) forebay.\"references\" (source_id, scope, entity_type, removed_at)";
    client.batch_execute(statement).await?;
    Ok(())
}

/// The approximate number of references, from the planner's statistics.
pub async fn estimated_count(client: &impl GenericClient) -> Result<i64> {
    let statement = "select greatest(reltuples, 0)::int8 as num_rows from pg_class where oid = 'forebay.\"references\"'::regclass";
    client.query_typed_one(statement, &[]).await?.read("num_rows")
}

fn known_line(line: u64) -> Option<i64> {
    i64::try_from(line).ok().filter(|line| *line > 0)
}

fn write_lineage(out: &mut String, lineage: &Lineage<'_>) {
    use std::fmt::Write;

    // Writing to a string cannot fail.
    match (lineage.url, known_line(lineage.place.line)) {
        (None, Some(line)) => {
            let _ = write!(out, "{{\"line\":{line}}}");
        }
        (None, None) => out.push_str("{}"),
        (Some(url), line) => {
            let fetched_at = lineage.fetched_at.map(|at| at.to_string());
            let whole = serde_json::json!({"line": line, "url": url, "fetched_at": fetched_at});
            let _ = write!(out, "{whole}");
        }
    }
}

fn index(ordinal: i32) -> usize {
    usize::try_from(ordinal).unwrap_or_default()
}
