//! The demo's database, and the statements that collect evidence in it.
//!
//! The evidence does not come from Forebay's own reports: the server's counters of written rows, the references of a
//! run, and a comparison of the user table with the references. The demo only drops a database that carries its mark,
//! so a user's database of the same name is safe.

use std::time::{Duration, Instant};

use forebay_store::Error;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

type Result<T> = std::result::Result<T, Error>;

/// The name of the demo's database. A server runs one demo at a time.
pub(crate) const DATABASE: &str = "forebay_demo";
/// The user table that the demo's pipeline fills.
pub(crate) const TABLE: &str = "public.courses";

const WRITES: &str = include_str!("database/writes.sql");
const RUN_CHANGES: &str = include_str!("database/run_changes.sql");
const DIFFERENCES: &str = include_str!("database/differences.sql");

const MARK: &str = "Made by forebay demo, which drops it without asking.";
const POLL: Duration = Duration::from_millis(10);
/// How long to wait for sessions with unreported counts.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whether the server has a database of the demo's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is none.
    Nothing,
    /// There is one that a demo created.
    Ours,
    /// There is one that no demo created.
    Foreign,
}

/// Looks for a database of the demo's name.
pub(crate) async fn find(client: &impl GenericClient) -> Result<Found> {
    let statement =
        "select shobj_description(d.oid, 'pg_database') as mark from pg_database as d where d.datname = $1";
    let Some(row) = client.query_typed_opt(statement, &[(&DATABASE, Type::NAME)]).await? else {
        return Ok(Found::Nothing);
    };
    let mark: Option<String> = row.try_get("mark")?;
    Ok(if mark.as_deref() == Some(MARK) { Found::Ours } else { Found::Foreign })
}

/// Creates the demo's database, which must not exist.
pub(crate) async fn create(client: &impl GenericClient) -> Result<()> {
    client.batch_execute(&format!("create database {DATABASE}")).await?;
    client.batch_execute(&format!("comment on database {DATABASE} is '{MARK}'")).await?;
    Ok(())
}

/// Drops the demo's database. Fails while another session is connected to it.
pub(crate) async fn drop_idle(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute(&format!("drop database if exists {DATABASE}")).await?)
}

/// Whether the server refused because the role may not create databases.
pub(crate) fn lacks_right(error: &Error) -> bool {
    sqlstate(error) == Some("42501")
}

/// Whether the server refused because another session uses the database, or creates it at the same moment.
pub(crate) fn is_in_use(error: &Error) -> bool {
    // Of two sessions that create it at once, the loser gets one of the last two.
    matches!(sqlstate(error), Some("55006" | "42P04" | "23505"))
}

fn sqlstate(error: &Error) -> Option<&str> {
    error.server().and_then(|server| server.sqlstate())
}

/// The server's version, such as `17.5`.
pub(crate) async fn server_version(client: &impl GenericClient) -> Result<String> {
    let statement = "select current_setting('server_version') as version";
    let row = client.query_typed_one(statement, &[]).await?;
    let version: &str = row.try_get("version")?;
    // Packagers append their own version.
    Ok(version.split(' ').next().unwrap_or(version).to_owned())
}

/// Rows written to a table since its creation, partitions included, by the server's counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableWrites {
    /// The schema.
    pub(crate) schema: String,
    /// The table.
    pub(crate) table: String,
    /// Rows inserted, updated and deleted, added up.
    pub(crate) num_written: u64,
}

/// Reads the server's counters for all tables of this database except the system tables.
///
/// A session reports its counts when it ends, or when it has been idle for ten seconds. So the writer must have closed
/// its connections. This waits until every other session has ended, or, behind a pooler, has been idle long enough.
pub(crate) async fn writes(client: &impl GenericClient) -> Result<Vec<TableWrites>> {
    // A session that ends reports before it leaves this view.
    let others = "select count(*) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' \
             and (state is distinct from 'idle' or state_change > now() - interval '12 seconds')";
    let deadline = Instant::now() + PATIENCE;
    while count(client, others).await? > 0 && Instant::now() < deadline {
        tokio::time::sleep(POLL).await;
    }
    let rows = client.query_typed(WRITES, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(TableWrites {
                schema: row.try_get("schema_name")?,
                table: row.try_get("table_name")?,
                num_written: u64::try_from(row.try_get::<_, i64>("num_written")?).unwrap_or(0),
            })
        })
        .collect()
}

/// A change that a run made to one reference, or to one field of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunChange {
    /// The reference's key.
    pub(crate) record_key: String,
    /// `added`, `updated`, `removed` or `restored`.
    pub(crate) change: String,
    /// The field of an update.
    pub(crate) field: Option<String>,
    /// Its value before, as JSON text.
    pub(crate) old: Option<String>,
    /// Its value after, as JSON text.
    pub(crate) new: Option<String>,
}

/// What a run changed: additions, removals, restorations and updates, each by key.
pub(crate) async fn run_changes(client: &impl GenericClient, run_id: i64) -> Result<Vec<RunChange>> {
    let rows = client.query_typed(RUN_CHANGES, &[(&run_id, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(RunChange {
                record_key: row.try_get("record_key")?,
                change: row.try_get("change")?,
                field: row.try_get("field_name")?,
                old: row.try_get("old_value")?,
                new: row.try_get("new_value")?,
            })
        })
        .collect()
}

/// A row of the user table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CourseRow {
    /// The record's key.
    pub(crate) id: String,
    /// The title.
    pub(crate) title: String,
    /// The instructor.
    pub(crate) instructor: String,
    /// The description.
    pub(crate) description: String,
    /// The number of seats.
    pub(crate) seats: i32,
}

/// The first rows of the user table.
pub(crate) async fn courses(client: &impl GenericClient, limit: u32) -> Result<Vec<CourseRow>> {
    let statement =
        "select id, title, instructor, description, seats from public.courses order by id limit $1";
    let rows = client.query_typed(statement, &[(&i64::from(limit), Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(CourseRow {
                id: row.try_get("id")?,
                title: row.try_get("title")?,
                instructor: row.try_get("instructor")?,
                description: row.try_get("description")?,
                seats: row.try_get("seats")?,
            })
        })
        .collect()
}

/// The number of rows of the user table.
pub(crate) async fn num_courses(client: &impl GenericClient) -> Result<u64> {
    count(client, "select count(*) from public.courses").await
}

/// The number of documents that can be searched.
pub(crate) async fn num_documents(client: &impl GenericClient) -> Result<u64> {
    count(client, "select count(*) from forebay.documents").await
}

/// The number of rows in which the user table differs from the references of the source `courses`: missing, surplus, or
/// with another value.
pub(crate) async fn num_differences(client: &impl GenericClient) -> Result<u64> {
    count(client, DIFFERENCES).await
}

/// The number of references of a source as of a time.
pub(crate) async fn num_at(client: &impl GenericClient, source: &str, at: Timestamp) -> Result<u64> {
    let statement = "select count(*) from forebay.source_at($1, $2)";
    let row = client.query_typed_one(statement, &[(&source, Type::TEXT), (&at, Type::TIMESTAMPTZ)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("count")?).unwrap_or(0))
}

async fn count(client: &impl GenericClient, statement: &str) -> Result<u64> {
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("count")?).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use forebay_store::testing;

    use super::*;

    #[tokio::test]
    async fn every_statement_fits_the_schema() {
        let database = testing::database().await;
        let client = database.client().await;
        let table = "create table public.courses (reference_id uuid primary key, id text, title text, \
             instructor text, semester text, description text, seats int)";
        client.batch_execute(table).await.unwrap();
        for statement in [WRITES, RUN_CHANGES, DIFFERENCES] {
            let prepared = client.prepare(statement).await;
            assert!(prepared.is_ok(), "{statement}: {:?}", prepared.err());
        }
    }

    #[tokio::test]
    async fn counters_include_what_a_closed_session_has_written() {
        let database = testing::database().await;
        let client = database.client().await;
        let before = writes(&client).await.unwrap();
        database.client().await.batch_execute("create table public.t as select 1 as n").await.unwrap();
        database.client().await.batch_execute("insert into public.t values (2), (3)").await.unwrap();
        let after = writes(&client).await.unwrap();
        let written = TableWrites { schema: "public".into(), table: "t".into(), num_written: 3 };
        assert!(!before.iter().any(|of| of.table == "t"));
        assert_eq!(after.into_iter().find(|of| of.table == "t"), Some(written));
    }
}
