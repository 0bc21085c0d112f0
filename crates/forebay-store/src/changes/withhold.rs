//! Staged changes that guards judge and withhold.

use forebay_domain::{
    guards::{Loss, Missing, Taken},
    identity::ReferenceId,
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow, types::sql_ids};

/// The references that a run missed, grouped by the run that missed them first, without `excluded`.
pub async fn missing(
    client: &impl GenericClient,
    run_id: i64,
    excluded: &[ReferenceId],
) -> Result<Vec<Missing>> {
    // Several runs may have observed the source at the same time, so the time alone doesn't tell which one missed a
    // reference first.
    let statement = "select missing_since, num_missing_runs as num_runs, count(*) as num_references \
         from forebay.scrape_run_changes \
         where run_id = $1 and change = 'removed' and reference_id <> all($2) \
         group by missing_since, num_missing_runs order by missing_since desc, num_missing_runs";
    let rows = client
        .query_typed(statement, &[(&run_id, Type::INT8), (&sql_ids(excluded), Type::UUID_ARRAY)])
        .await?;
    let missing = |row: &tokio_postgres::Row| {
        Ok(Missing {
            since: row.read("missing_since")?,
            num_runs: row.count("num_runs")?,
            num_references: row.count("num_references")?,
        })
    };
    rows.iter().map(missing).collect()
}

/// The updates of a run that lose fields, grouped by the fields they lose.
pub async fn losses(client: &impl GenericClient, run_id: i64) -> Result<Vec<Loss>> {
    let rows = client.query_typed(include_str!("losses.sql"), &[(&run_id, Type::INT8)]).await?;
    let loss = |row: &tokio_postgres::Row| {
        Ok(Loss { fields: row.read("fields")?, num_updates: row.count("num_updates")? })
    };
    rows.iter().map(loss).collect()
}

/// The number of active references of the run's scope that its records say are gone.
pub async fn num_flagged(client: &impl GenericClient, run_id: i64) -> Result<u64> {
    let statement = "select count(*) as num_flagged \
         from forebay.scrape_runs as run \
         join forebay.scrape_run_changes as c on c.run_id = run.run_id and c.change = 'flagged' \
         join forebay.\"references\" as r on r.reference_id = c.reference_id and r.scope = run.scope \
         where run.run_id = $1 and r.removed_at is null";
    client.query_typed_one(statement, &[(&run_id, Type::INT8)]).await?.count("num_flagged")
}

/// Withholds the removals that [`num_flagged`] counts.
pub async fn withhold_flagged(client: &impl GenericClient, run_id: i64) -> Result<()> {
    let statement = "update forebay.scrape_run_changes as c set is_withheld = true \
         from forebay.scrape_runs as run, forebay.\"references\" as r \
         where c.run_id = $1 and c.change = 'flagged' and run.run_id = c.run_id \
             and r.reference_id = c.reference_id and r.scope = run.scope and r.removed_at is null";
    client.execute_typed(statement, &[(&run_id, Type::INT8)]).await?;
    Ok(())
}

/// The records of a run that other scopes have.
pub async fn taken(client: &impl GenericClient, run_id: i64) -> Result<Option<Taken>> {
    let row = client.query_typed_one(include_str!("taken.sql"), &[(&run_id, Type::INT8)]).await?;
    let scope: Option<String> = row.read("scope")?;
    let taken = |scope| {
        Ok(Taken {
            num_references: row.count("num_references")?,
            num_updated: row.count("num_updated")?,
            scope,
        })
    };
    scope.map(taken).transpose()
}

/// Withholds the records of a run that other scopes have.
pub async fn withhold_taken(client: &impl GenericClient, run_id: i64) -> Result<()> {
    client.execute_typed(include_str!("withhold_taken.sql"), &[(&run_id, Type::INT8)]).await?;
    Ok(())
}

/// Withholds the changes of some references.
pub async fn withhold(client: &impl GenericClient, run_id: i64, ids: &[ReferenceId]) -> Result<()> {
    let statement = "update forebay.scrape_run_changes set is_withheld = true \
         where run_id = $1 and reference_id = any($2)";
    client.execute_typed(statement, &[(&run_id, Type::INT8), (&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    Ok(())
}

/// Withholds the removals of some groups of missing references, without `excluded`.
pub async fn withhold_missing(
    client: &impl GenericClient,
    run_id: i64,
    groups: &[Missing],
    excluded: &[ReferenceId],
) -> Result<()> {
    let statement = "update forebay.scrape_run_changes as c set is_withheld = true \
         from unnest($2::timestamptz[], $3::int8[]) as g (missing_since, num_missing_runs) \
         where c.run_id = $1 and c.change = 'removed' and c.missing_since = g.missing_since \
             and c.num_missing_runs = g.num_missing_runs and c.reference_id <> all($4)";
    let since: Vec<Timestamp> = groups.iter().map(|group| group.since).collect();
    let num_runs: Vec<i64> =
        groups.iter().map(|group| i64::try_from(group.num_runs).unwrap_or(i64::MAX)).collect();
    client
        .execute_typed(
            statement,
            &[
                (&run_id, Type::INT8),
                (&since, Type::TIMESTAMPTZ_ARRAY),
                (&num_runs, Type::INT8_ARRAY),
                (&sql_ids(excluded), Type::UUID_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Withholds the updates that lose at least one of these fields.
pub async fn withhold_losing(client: &impl GenericClient, run_id: i64, fields: &[String]) -> Result<()> {
    client
        .execute_typed(
            include_str!("withhold_losing.sql"),
            &[(&run_id, Type::INT8), (&fields, Type::TEXT_ARRAY)],
        )
        .await?;
    Ok(())
}

/// Withholds all updates of active references.
pub async fn withhold_updates(client: &impl GenericClient, run_id: i64) -> Result<()> {
    let statement = "update forebay.scrape_run_changes as c set is_withheld = true \
         from forebay.\"references\" as r \
         where c.run_id = $1 and c.change = 'seen' and r.reference_id = c.reference_id \
             and r.removed_at is null and r.version_hash <> c.version_hash";
    client.execute_typed(statement, &[(&run_id, Type::INT8)]).await?;
    Ok(())
}

/// Withholds nothing any more.
pub async fn release(client: &impl GenericClient, run_id: i64) -> Result<()> {
    let statement =
        "update forebay.scrape_run_changes set is_withheld = false where run_id = $1 and is_withheld";
    client.execute_typed(statement, &[(&run_id, Type::INT8)]).await?;
    Ok(())
}
