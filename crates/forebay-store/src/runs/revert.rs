//! What it takes to undo a run: the state of each reference before it.

use std::sync::LazyLock;

use forebay_domain::identity::{ReferenceId, VersionHash};
use jiff::Timestamp;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{
    aliases::MOVABLE,
    error::{Error, Result},
    row::ReadRow,
    types::{SqlHash, SqlId},
};

/// The references that a run changed, and what it did to each.
const EFFECTS: &str = include_str!("effects.sql");
const MOVE_REVISIONS: &str = include_str!("move_revisions.sql");
const MOVE_REFERENCES: &str = include_str!("move_references.sql");

/// What undoing a run would do. A reference that a later run has written stays as it is.
static TOTALS: LazyLock<String> = LazyLock::new(|| {
    of_effects(&format!(
        "select count(*) filter ( \
                 where e.is_last and e.removed_at is null and (e.is_added or e.is_restored)) as num_removed, \
             count(*) filter ( \
                 where e.is_last and e.removed_at is null and not (e.is_added or e.is_restored)) as num_updated, \
             count(*) filter (where e.is_last and e.removed_at is not null and not e.is_added) as num_restored, \
             count(*) filter (where not e.is_last) as num_kept, \
             (select count(*) from ({MOVABLE}) as m) as num_rekeyed \
         from effects as e"
    ))
});

/// A cursor over the state before a run of the references that it wrote last. One without a payload did not exist or
/// was removed.
static UNDO: LazyLock<String> = LazyLock::new(|| {
    let query = of_effects(
        "select e.reference_id, e.record_key, \
             case \
                 when e.removed_at is null and (e.is_added or e.is_restored) then null \
                 else ((e.payload - coalesce(u.fields, '{}')) || coalesce(u.old_values, '{}'))::text \
             end as payload, \
             case when e.is_updated then null else e.version_hash end as version_hash \
         from effects as e \
         left join lateral ( \
             select array_agg(v.field_name) as fields, \
                 jsonb_object_agg(v.field_name, v.old_value) filter (where v.old_value is not null) as old_values \
             from forebay.reference_revisions as v \
             where v.reference_id = e.reference_id and v.scrape_run_id = $1 and v.change = 'updated' \
         ) as u on true \
         where e.is_last and (e.removed_at is null or not e.is_added)",
    );
    format!("declare undo no scroll cursor for {query}")
});

/// A query over [`EFFECTS`].
fn of_effects(query: &str) -> String {
    format!("with effects as ({EFFECTS}) {query}")
}

/// How to undo what a run did to a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The reference.
    pub reference_id: ReferenceId,
    /// Its key.
    pub record_key: String,
    /// Its payload before the run, as JSON text; `None`: it did not exist or was removed.
    pub payload: Option<String>,
    /// The hash of that payload if the run did not change the content.
    pub version_hash: Option<VersionHash>,
}

/// What undoing a run would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UndoTotals {
    /// References to remove, because the run added or restored them.
    pub num_removed: u64,
    /// References that get their earlier content.
    pub num_updated: u64,
    /// References to restore, because the run removed them.
    pub num_restored: u64,
    /// References that later runs have changed, so they stay as they are.
    pub num_kept: u64,
    /// References that move back to the keys that they had before the run.
    pub num_rekeyed: u64,
}

/// Counts what undoing a run would do.
pub async fn undo_totals(client: &impl GenericClient, run_id: i64) -> Result<UndoTotals> {
    let row = client.query_typed_one(&TOTALS, &[(&run_id, Type::INT8)]).await?;
    Ok(UndoTotals {
        num_removed: row.count("num_removed")?,
        num_updated: row.count("num_updated")?,
        num_restored: row.count("num_restored")?,
        num_kept: row.count("num_kept")?,
        num_rekeyed: row.count("num_rekeyed")?,
    })
}

/// Finds the references whose last change a run made, as they are now. [`next_undos`] returns them; both belong to the
/// same transaction.
pub async fn begin_undo(transaction: &impl GenericClient, run_id: i64) -> Result<()> {
    transaction.execute_typed(&UNDO, &[(&run_id, Type::INT8)]).await?;
    Ok(())
}

/// The next references of [`begin_undo`], at most `limit`.
pub async fn next_undos(transaction: &impl GenericClient, limit: usize) -> Result<Vec<Undo>> {
    let rows = transaction.query_typed(&format!("fetch forward {limit} from undo"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Undo {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                record_key: row.read("record_key")?,
                payload: row.read("payload")?,
                version_hash: row.read::<Option<SqlHash>>("version_hash")?.map(|hash| hash.0),
            })
        })
        .collect()
}

/// Corrects the times of a run that claimed to have observed its source later than `at`: its changes get the time at
/// which it began. So a run at `at` may write the references that it has written, and what was stored at a time is
/// found again.
pub async fn move_back(client: &impl GenericClient, run_id: i64, at: Timestamp) -> Result<()> {
    let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&run_id, Type::INT8), (&at, Type::TIMESTAMPTZ)];
    let month = "select forebay_private.ensure_month('reference_revisions', least(r.started_at, $2)) \
         from forebay.scrape_runs as r where r.run_id = $1";
    client.query_typed(month, &parameters).await?;
    client.execute_typed(MOVE_REVISIONS, &parameters).await?;
    client.execute_typed(MOVE_REFERENCES, &parameters).await?;
    Ok(())
}

/// Records that a run was undone by another one.
pub async fn mark_reverted(client: &impl GenericClient, run_id: i64, by: i64) -> Result<()> {
    let statement = "update forebay.scrape_runs set reverted_by = $2 \
         where run_id = $1 and reverted_by is null and status <> 'running'";
    let num_rows = client.execute_typed(statement, &[(&run_id, Type::INT8), (&by, Type::INT8)]).await?;
    if num_rows == 1 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}
