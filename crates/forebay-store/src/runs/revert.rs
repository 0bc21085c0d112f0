//! What it takes to undo a run: the state of each reference before it.

use forebay_domain::identity::{ReferenceId, VersionHash};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::{Error, Result},
    row::ReadRow,
    types::{SqlHash, SqlId},
};

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
}

/// Counts what undoing a run would do.
pub async fn undo_totals(client: &impl GenericClient, run_id: i64) -> Result<UndoTotals> {
    let row = client.query_typed_one(include_str!("undo_totals.sql"), &[(&run_id, Type::INT8)]).await?;
    Ok(UndoTotals {
        num_removed: row.count("num_removed")?,
        num_updated: row.count("num_updated")?,
        num_restored: row.count("num_restored")?,
        num_kept: row.count("num_kept")?,
    })
}

/// The next `limit` references whose last change a run made, with ids after `after`, in order.
pub async fn undo(
    client: &impl GenericClient,
    run_id: i64,
    after: ReferenceId,
    limit: i64,
) -> Result<Vec<Undo>> {
    let rows = client
        .query_typed(
            include_str!("undo.sql"),
            &[(&run_id, Type::INT8), (&SqlId(after), Type::UUID), (&limit, Type::INT8)],
        )
        .await?;
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

/// Lets a run at time `at` write the references that a run with a later time has written last.
pub async fn move_back(client: &impl GenericClient, run_id: i64, at: Timestamp) -> Result<()> {
    let statement = "update forebay.\"references\" set observed_at = $2 \
         where scrape_run_id = $1 and observed_at > $2 \
             and source_id = (select r.source_id from forebay.scrape_runs as r where r.run_id = $1)";
    client.execute_typed(statement, &[(&run_id, Type::INT8), (&at, Type::TIMESTAMPTZ)]).await?;
    Ok(())
}

/// Records that a run was undone by another one.
pub async fn mark_reverted(client: &impl GenericClient, run_id: i64, by: i64) -> Result<()> {
    let statement = "update forebay.scrape_runs set reverted_by = $2 \
         where run_id = $1 and reverted_by is null and status <> 'running'";
    let num_rows = client.execute_typed(statement, &[(&run_id, Type::INT8), (&by, Type::INT8)]).await?;
    if num_rows == 1 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}
