//! What the demo needs of a database: one of its own, and evidence that is not the program's own word.
//!
//! The evidence is the server's: its counters of written rows for each table, the references of a run, and the
//! user's table compared with the references that it is made from. Only a database that carries the demo's mark is
//! ever dropped, so that one of the same name that somebody else made is safe.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use crate::error::{Error, Result};

/// The name of the demo's database; one demo at a time can use a server.
pub const DATABASE: &str = "forebay_demo";
/// The table that the demo's pipeline fills.
pub const COURSES: &str = "public.courses";
/// Reads the counters.
pub const WRITES: &str = include_str!("demo/writes.sql");
/// Reads what a run changed.
pub const RUN_CHANGES: &str = include_str!("demo/run_changes.sql");
/// Counts the differences between the user's table and the references.
pub const DIFFERENCES: &str = include_str!("demo/differences.sql");

const MARK: &str = "Made by forebay demo, which drops it without asking.";
const POLL: Duration = Duration::from_millis(10);
/// A session that stays, as those of a pooler do, tells its counters after ten idle seconds at the latest.
const TOLD_BY_THEN: Duration = Duration::from_secs(12);

/// Whether the server has a database of the demo's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Nothing,
    /// There is one that a demo made.
    Ours,
    /// There is one that somebody else made.
    Foreign,
}

/// Looks for a database of the demo's name.
pub async fn find(client: &impl GenericClient) -> Result<Found> {
    let statement =
        "select shobj_description(d.oid, 'pg_database') from pg_database as d where d.datname = $1";
    let Some(row) = client.query_typed_opt(statement, &[(&DATABASE, Type::NAME)]).await? else {
        return Ok(Found::Nothing);
    };
    let mark: Option<String> = row.try_get(0)?;
    Ok(if mark.as_deref() == Some(MARK) { Found::Ours } else { Found::Foreign })
}

/// Makes the demo's database, which must not exist.
pub async fn create(client: &impl GenericClient) -> Result<()> {
    client.batch_execute(&format!("create database {DATABASE}")).await?;
    client.batch_execute(&format!("comment on database {DATABASE} is '{MARK}'")).await?;
    Ok(())
}

/// Drops the demo's database. Fails while somebody is connected to it.
pub async fn drop_idle(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute(&format!("drop database if exists {DATABASE}")).await?)
}

/// Whether the server refused because the user may not make databases.
pub fn lacks_right(error: &Error) -> bool {
    sqlstate(error) == Some("42501")
}

/// Whether the server refused because somebody uses the database, or made it at the same moment.
pub fn is_in_use(error: &Error) -> bool {
    // The second is what the loser of two that create at once may get.
    matches!(sqlstate(error), Some("55006" | "42P04" | "23505"))
}

fn sqlstate(error: &Error) -> Option<&str> {
    error.server().and_then(|server| server.sqlstate())
}

/// The server's version, such as `17.5`.
pub async fn server_version(client: &impl GenericClient) -> Result<String> {
    let row = client.query_typed_one("select current_setting('server_version')", &[]).await?;
    let version: &str = row.try_get(0)?;
    // Packagers add their own version behind it.
    Ok(version.split(' ').next().unwrap_or(version).to_owned())
}

/// Rows written to a table since it was made, partitions included, as the server counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWrites {
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// Rows inserted, updated and deleted, added up.
    pub num_written: u64,
}

/// Reads the server's counters for all tables of this database that are not the server's own.
///
/// Sessions count for themselves and tell later, at the latest when they end. So whoever wrote must have closed its
/// connections; this waits until the last of them is gone.
pub async fn writes(client: &impl GenericClient) -> Result<Vec<TableWrites>> {
    let others = "select count(*) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    let deadline = Instant::now() + TOLD_BY_THEN;
    // A session tells its counters before it leaves this view.
    while client.query_typed_one(others, &[]).await?.try_get::<_, i64>(0)? > 0 && Instant::now() < deadline {
        tokio::time::sleep(POLL).await;
    }
    let rows = client.query_typed(WRITES, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(TableWrites {
                schema: row.try_get(0)?,
                table: row.try_get(1)?,
                num_written: u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or(0),
            })
        })
        .collect()
}

/// What a run did to one reference, or to one field of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunChange {
    /// The reference's key.
    pub record_key: String,
    /// `added`, `updated`, `removed` or `restored`.
    pub change: String,
    /// The field, of an update.
    pub field: Option<String>,
    /// Its value before, as JSON text.
    pub old: Option<String>,
    /// Its value after, as JSON text.
    pub new: Option<String>,
}

/// What a run changed: additions, removals, restorations and updates, each by key.
pub async fn run_changes(client: &impl GenericClient, run_id: i64) -> Result<Vec<RunChange>> {
    let rows = client.query_typed(RUN_CHANGES, &[(&run_id, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(RunChange {
                record_key: row.try_get(0)?,
                change: row.try_get(1)?,
                field: row.try_get(2)?,
                old: row.try_get(3)?,
                new: row.try_get(4)?,
            })
        })
        .collect()
}

/// A row of the user's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseRow {
    /// The record's key.
    pub id: String,
    /// The title.
    pub title: String,
    /// Who teaches it.
    pub instructor: String,
    /// What it is about.
    pub description: String,
    /// How many may come.
    pub seats: i32,
}

/// The first rows of the user's table.
pub async fn courses(client: &impl GenericClient, limit: u32) -> Result<Vec<CourseRow>> {
    let statement =
        "select id, title, instructor, description, seats from public.courses order by id limit $1";
    let rows = client.query_typed(statement, &[(&i64::from(limit), Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(CourseRow {
                id: row.try_get(0)?,
                title: row.try_get(1)?,
                instructor: row.try_get(2)?,
                description: row.try_get(3)?,
                seats: row.try_get(4)?,
            })
        })
        .collect()
}

/// How many rows the user's table has.
pub async fn num_courses(client: &impl GenericClient) -> Result<u64> {
    count(client, "select count(*) from public.courses").await
}

/// How many documents can be searched.
pub async fn num_documents(client: &impl GenericClient) -> Result<u64> {
    count(client, "select count(*) from forebay.documents").await
}

/// Rows in which the user's table differs from the references of the source `courses`: missing, left over, or with
/// another value.
pub async fn num_differences(client: &impl GenericClient) -> Result<u64> {
    count(client, DIFFERENCES).await
}

/// How many references of a source there were at a time.
pub async fn num_at(client: &impl GenericClient, source: &str, at: Timestamp) -> Result<u64> {
    let statement = "select count(*) from forebay.source_at($1, $2)";
    let row = client.query_typed_one(statement, &[(&source, Type::TEXT), (&at, Type::TIMESTAMPTZ)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}

async fn count(client: &impl GenericClient, statement: &str) -> Result<u64> {
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}
