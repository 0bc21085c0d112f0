//! Changes staged by a guarded run until its guards or an operator have decided.

use forebay_domain::{
    identity::{ReferenceId, VersionHash},
    reject::Place,
};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

mod diff;
mod outdated;
mod withhold;
pub use diff::{Difference, FieldTotals, differences, field_totals};
pub use outdated::{drop_outdated, held_ids};
pub use withhold::{
    losses, missing, num_flagged, release, taken, withhold, withhold_flagged, withhold_losing,
    withhold_missing, withhold_taken, withhold_updates,
};

use crate::{
    error::{Error, Result},
    references::{Lineage, Record},
    row::ReadRow,
    types::{SqlHash, SqlId, SqlText, sql_ids},
};

/// The missing references that a run removes.
pub const REMOVALS: &str = "select reference_id from forebay.scrape_run_changes \
     where run_id = $1 and change = 'removed' and not is_withheld and reference_id > $2 \
     order by reference_id limit $3";

/// A staged record.
#[derive(Clone, Debug)]
pub struct StagedRecord {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The hash of its content.
    pub version_hash: VersionHash,
    /// Its key.
    pub record_key: String,
    /// Its payload as JSON text.
    pub payload: String,
    /// The line, or the record's number on its page; 0 if unknown.
    pub line: u64,
    /// The page that contained it, if the run read pages.
    pub url: Option<String>,
    /// When that page was fetched.
    pub fetched_at: Option<Timestamp>,
    /// Whether it says that it is gone: it removes its reference.
    pub removes: bool,
    /// The stored version that its content builds on, 0 if nothing was stored. `None`: it is a whole record.
    pub base_version: Option<i32>,
}

impl StagedRecord {
    /// The record for writing.
    pub fn as_record(&self) -> Record<'_> {
        Record {
            reference_id: self.reference_id,
            version_hash: self.version_hash,
            record_key: &self.record_key,
            payload: self.payload.as_bytes(),
            lineage: Lineage {
                place: Place { line: self.line, offset: 0 },
                url: self.url.as_deref(),
                fetched_at: self.fetched_at,
            },
            removes: self.removes,
            base_version: self.base_version,
        }
    }
}

/// The effects of a run's staged changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StagedTotals {
    /// New references.
    pub num_added: u64,
    /// Active references with new content.
    pub num_updated: u64,
    /// Tombstones to restore.
    pub num_restored: u64,
    /// References to turn into tombstones.
    pub num_removed: u64,
}

impl StagedTotals {
    /// All of them.
    pub fn sum(&self) -> u64 {
        self.num_added + self.num_updated + self.num_restored + self.num_removed
    }
}

/// Stages records. A reference that the run has already staged gets the newer content.
pub async fn stage(client: &impl GenericClient, run_id: i64, records: &[Record<'_>]) -> Result<()> {
    let ids: Vec<SqlId> = records.iter().map(|r| SqlId(r.reference_id)).collect();
    let hashes: Vec<SqlHash> = records.iter().map(|r| SqlHash(r.version_hash)).collect();
    let keys: Vec<&str> = records.iter().map(|r| r.record_key).collect();
    let payloads: Vec<SqlText<'_>> = records.iter().map(|r| SqlText(r.payload)).collect();
    let lines: Vec<i64> = records.iter().map(|r| i64::try_from(r.lineage.place.line).unwrap_or(0)).collect();
    let urls: Vec<Option<&str>> = records.iter().map(|r| r.lineage.url).collect();
    let fetched: Vec<Option<Timestamp>> = records.iter().map(|r| r.lineage.fetched_at).collect();
    let changes: Vec<&str> = records.iter().map(|r| if r.removes { "flagged" } else { "seen" }).collect();
    let bases: Vec<Option<i32>> = records.iter().map(|r| r.base_version).collect();
    client
        .execute_typed(
            "insert into forebay.scrape_run_changes \
                 (run_id, reference_id, change, version_hash, record_key, payload, line, url, fetched_at, \
                 base_version) \
             select $1, c.reference_id, c.change, c.version_hash, c.record_key, c.payload::json, c.line, c.url, \
                 c.fetched_at, c.base_version \
             from unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::timestamptz[], \
                     $9::text[], $10::int4[]) \
                 as c (reference_id, version_hash, record_key, payload, line, url, fetched_at, change, base_version) \
             on conflict (run_id, reference_id) do update \
             set change = excluded.change, version_hash = excluded.version_hash, payload = excluded.payload, \
                 line = excluded.line, url = excluded.url, fetched_at = excluded.fetched_at, \
                 base_version = excluded.base_version",
            &[
                (&run_id, Type::INT8),
                (&ids, Type::UUID_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&keys, Type::TEXT_ARRAY),
                (&payloads, Type::TEXT_ARRAY),
                (&lines, Type::INT8_ARRAY),
                (&urls, Type::TEXT_ARRAY),
                (&fetched, Type::TIMESTAMPTZ_ARRAY),
                (&changes, Type::TEXT_ARRAY),
                (&bases, Type::INT4_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Removes staged records for which a later record of the same run had unchanged content.
pub async fn unstage(client: &impl GenericClient, run_id: i64, ids: &[ReferenceId]) -> Result<()> {
    client
        .execute_typed(
            "delete from forebay.scrape_run_changes where run_id = $1 and reference_id = any($2)",
            &[(&run_id, Type::INT8), (&sql_ids(ids), Type::UUID_ARRAY)],
        )
        .await?;
    Ok(())
}

/// Stages references as removed. Fails with [`Error::RunLost`] if the run is no longer `running`, because the changes
/// staged by a closed run would never be deleted.
pub async fn stage_removed(client: &impl GenericClient, run_id: i64, ids: &[ReferenceId]) -> Result<()> {
    let num_rows = client
        .execute_typed(
            include_str!("changes/stage_removed.sql"),
            &[(&run_id, Type::INT8), (&sql_ids(ids), Type::UUID_ARRAY)],
        )
        .await?;
    if num_rows == ids.len() as u64 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}

/// The next `limit` missing references to remove, with ids after `after`, in order.
pub async fn removals(
    client: &impl GenericClient,
    run_id: i64,
    after: ReferenceId,
    limit: i64,
) -> Result<Vec<ReferenceId>> {
    let rows = client
        .query_typed(REMOVALS, &[(&run_id, Type::INT8), (&SqlId(after), Type::UUID), (&limit, Type::INT8)])
        .await?;
    rows.iter().map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).collect()
}

/// The next `limit` staged records that are not withheld, with ids after `after`, in order.
pub async fn batch(
    client: &impl GenericClient,
    run_id: i64,
    after: ReferenceId,
    limit: i64,
) -> Result<Vec<StagedRecord>> {
    let statement = "select reference_id, version_hash, record_key, payload::text, coalesce(line, 0) as line, url, \
             fetched_at, change = 'flagged' as removes, base_version \
         from forebay.scrape_run_changes \
         where run_id = $1 and change in ('seen', 'flagged') and not is_withheld and reference_id > $2 \
         order by reference_id limit $3";
    let rows = client
        .query_typed(statement, &[(&run_id, Type::INT8), (&SqlId(after), Type::UUID), (&limit, Type::INT8)])
        .await?;
    rows.iter().map(staged_record).collect()
}

/// The staged records of some references.
pub async fn find(
    client: &impl GenericClient,
    run_id: i64,
    ids: &[ReferenceId],
) -> Result<Vec<StagedRecord>> {
    let statement = "select reference_id, version_hash, record_key, payload::text, coalesce(line, 0) as line, url, \
             fetched_at, change = 'flagged' as removes, base_version \
         from forebay.scrape_run_changes \
         where run_id = $1 and change in ('seen', 'flagged') and reference_id = any($2)";
    let rows =
        client.query_typed(statement, &[(&run_id, Type::INT8), (&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    rows.iter().map(staged_record).collect()
}

/// Counts the effects of a run's staged changes on the stored references.
pub async fn totals(client: &impl GenericClient, run_id: i64) -> Result<StagedTotals> {
    let row = client.query_typed_one(include_str!("changes/totals.sql"), &[(&run_id, Type::INT8)]).await?;
    Ok(StagedTotals {
        num_added: row.count("num_added")?,
        num_updated: row.count("num_updated")?,
        num_restored: row.count("num_restored")?,
        num_removed: row.count("num_removed")?,
    })
}

/// Active references of a run's scope, and of the other scopes that have some of its staged records.
pub async fn num_active(client: &impl GenericClient, run_id: i64) -> Result<u64> {
    let row =
        client.query_typed_one(include_str!("changes/num_active.sql"), &[(&run_id, Type::INT8)]).await?;
    row.count("num_active")
}

/// A key with its content, on one side of a possible re-key.
#[derive(Clone, Debug)]
pub struct RekeySide {
    /// The existing reference (vanished), or the id computed from the new key (appeared).
    pub reference_id: ReferenceId,
    /// Its key.
    pub record_key: String,
    /// Its payload as JSON text.
    pub payload: String,
}

/// The references that a run would remove, with their content, at most `limit`.
pub async fn vanished(client: &impl GenericClient, run_id: i64, limit: i64) -> Result<Vec<RekeySide>> {
    let statement = "select c.reference_id, r.record_key, r.payload::text from forebay.scrape_run_changes as c \
         join forebay.\"references\" as r using (reference_id) \
         where c.run_id = $1 and c.change = 'removed' order by c.reference_id limit $2";
    rekey_sides(client, statement, run_id, limit).await
}

/// The references that a run would add, with their content, at most `limit`.
pub async fn appeared(client: &impl GenericClient, run_id: i64, limit: i64) -> Result<Vec<RekeySide>> {
    let statement = "select c.reference_id, c.record_key, c.payload::text from forebay.scrape_run_changes as c \
         where c.run_id = $1 and c.change = 'seen' and not exists ( \
             select from forebay.\"references\" as r where r.reference_id = c.reference_id) \
         order by c.reference_id limit $2";
    rekey_sides(client, statement, run_id, limit).await
}

async fn rekey_sides(
    client: &impl GenericClient,
    statement: &str,
    run_id: i64,
    limit: i64,
) -> Result<Vec<RekeySide>> {
    let rows = client
        .query_typed_raw(
            statement,
            [(&run_id as &(dyn tokio_postgres::types::ToSql + Sync), Type::INT8), (&limit, Type::INT8)],
        )
        .await?;
    rows.err_into()
        .and_then(async |row| {
            Ok(RekeySide {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                record_key: row.read("record_key")?,
                payload: row.read("payload")?,
            })
        })
        .try_collect()
        .await
}

/// Drops the staged changes of a run that were applied: all but the withheld ones.
pub async fn clear_applied(client: &impl GenericClient, run_id: i64) -> Result<()> {
    client
        .execute_typed(
            "delete from forebay.scrape_run_changes where run_id = $1 and not is_withheld",
            &[(&run_id, Type::INT8)],
        )
        .await?;
    Ok(())
}

/// Drops all staged changes of a run.
pub async fn clear(client: &impl GenericClient, run_id: i64) -> Result<()> {
    client
        .execute_typed("delete from forebay.scrape_run_changes where run_id = $1", &[(&run_id, Type::INT8)])
        .await?;
    Ok(())
}

pub(crate) fn staged_record(row: &tokio_postgres::Row) -> Result<StagedRecord> {
    Ok(StagedRecord {
        reference_id: row.read::<SqlId>("reference_id")?.0,
        version_hash: row.read::<SqlHash>("version_hash")?.0,
        record_key: row.read("record_key")?,
        payload: row.read("payload")?,
        line: row.count("line")?,
        url: row.read("url")?,
        fetched_at: row.read("fetched_at")?,
        removes: row.read("removes")?,
        base_version: row.read("base_version")?,
    })
}
