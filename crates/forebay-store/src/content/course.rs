//! Which course a source is.

use forebay_domain::{content::own_tables::OwnTables, run::RunStatus};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, types::Type};

use super::own_tables::OwnStatements;
use crate::{
    error::{Error, Result},
    row::ReadRow,
};

const OF_SOURCE: &str = include_str!("of_source.sql");

/// Which course is written.
#[derive(Clone, Debug)]
pub struct Course {
    /// The course.
    pub piece_id: i64,
    /// Its source.
    pub source: String,
    /// Tells it from a course of the same name in another database, or from one that was deleted here.
    pub key: String,
    /// The last run of its files.
    pub last_run: Option<LastRun>,
    /// Whether guards withhold changes of its files.
    pub has_held_run: bool,
    /// Whether a run of its files is in progress, or its process died.
    pub has_open_run: bool,
    /// What fills the user's own tables.
    pub own: OwnStatements,
}

/// The last run of a course that has ended. As long as it is the same one and no run is open, the files are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// Its id.
    pub run_id: i64,
    /// Its status. A held run can still be released.
    pub status: RunStatus,
    /// When it observed the files.
    pub observed_at: Timestamp,
}

/// The course whose files are the references of a source. `None`: the source is no course. Checks the user's own
/// tables.
pub async fn of_source(client: &impl GenericClient, source_id: i32) -> Result<Option<Course>> {
    let row = client.query_typed_opt(OF_SOURCE, &[(&source_id, Type::INT4)]).await?;
    let Some(row) = row else { return Ok(None) };
    let own = match row.read::<Option<Value>>("own_tables")? {
        Some(tables) => OwnStatements::load(client, &stored(tables)?).await?,
        None => OwnStatements::default(),
    };
    let last_run = match row.read("run_id")? {
        None => None,
        Some(run_id) => {
            Some(LastRun { run_id, status: row.word("status")?, observed_at: row.read("observed_at")? })
        }
    };
    Ok(Some(Course {
        piece_id: row.read("piece_id")?,
        source: row.read("source")?,
        key: row.read("key")?,
        last_run,
        has_held_run: row.read("has_held_run")?,
        has_open_run: row.read("has_open_run")?,
        own,
    }))
}

fn stored(tables: Value) -> Result<OwnTables> {
    let text = tables.to_string();
    serde_json::from_value(tables).map_err(|_| Error::UnknownWord { column: "own_tables", word: text })
}
