//! Changes of held runs about references that a later run has seen.

use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// The references whose changes are withheld by held runs of a scope that observed it until a time, sorted.
pub async fn held_ids(
    client: &impl GenericClient,
    source_id: i32,
    scope: &str,
    until: Timestamp,
) -> Result<Vec<ReferenceId>> {
    let statement = "select distinct c.reference_id \
         from forebay.scrape_runs as h join forebay.scrape_run_changes as c using (run_id) \
         where h.source_id = $1 and h.scope = $2 and h.status = 'held' and h.observed_at <= $3 \
         order by c.reference_id";
    let rows = client
        .query_typed(
            statement,
            &[(&source_id, Type::INT4), (&scope, Type::TEXT), (&until, Type::TIMESTAMPTZ)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).collect()
}

/// Drops the changes of older held runs of the same scope about references that `run_id` has seen, and closes the held
/// runs that withhold nothing any more.
pub async fn drop_outdated(
    transaction: &impl GenericClient,
    run_id: i64,
    seen: &[ReferenceId],
) -> Result<()> {
    let statement = "with dropped as ( \
             delete from forebay.scrape_run_changes as c \
             using forebay.scrape_runs as run, forebay.scrape_runs as h \
             where run.run_id = $1 and h.source_id = run.source_id and h.scope = run.scope and h.status = 'held' \
                 and h.run_id <> run.run_id and h.observed_at <= run.observed_at \
                 and c.run_id = h.run_id and c.reference_id = any($2) \
             returning c.run_id) \
         select distinct run_id from dropped";
    let rows = transaction
        .query_typed(statement, &[(&run_id, Type::INT8), (&sql_ids(seen), Type::UUID_ARRAY)])
        .await?;
    let held = rows.iter().map(|row| row.read("run_id")).collect::<Result<Vec<i64>>>()?;
    if !held.is_empty() {
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&run_id, Type::INT8), (&held, Type::INT8_ARRAY)];
        transaction.execute_typed(include_str!("close_outdated.sql"), &parameters).await?;
    }
    Ok(())
}
