//! Reads rows of the user's own table or query as the input of a source.

use forebay_sources::kinds::Postgres;
use forebay_store::{
    connect::{Database, OpenOptions, Target},
    user_rows::{self, VersionCount},
};

use super::{definition::SourceDefinition, rows_spec::rows_spec};
use crate::{
    error::{Error, Result},
    persist::Feed,
};

/// Begins to read the rows.
pub(super) async fn read(
    database: &Database,
    source: &SourceDefinition,
    postgres: &Postgres,
) -> Result<Feed> {
    let spec = rows_spec(postgres)?;
    let rows = match other_database(postgres).await? {
        Some(other) => user_rows::start(&other, spec).await,
        None => user_rows::start(database, spec).await,
    };
    let rows = rows.map_err(|error| unreadable_rows(&source.name, error))?;
    Ok(Feed::bytes(Box::new(rows), postgres.read_options()))
}

/// Counts the rows of the table or query by contract version; empty if no column names versions.
pub(super) async fn rows_by_version(
    database: &Database,
    source: &SourceDefinition,
    postgres: &Postgres,
) -> Result<Vec<VersionCount>> {
    let spec = rows_spec(postgres)?;
    let counts = match other_database(postgres).await? {
        Some(other) => user_rows::rows_by_version(&other, &spec).await,
        None => user_rows::rows_by_version(database, &spec).await,
    };
    counts.map_err(|error| unreadable_rows(&source.name, error))
}

/// The database with the rows, if it is not Forebay's own.
async fn other_database(postgres: &Postgres) -> Result<Option<Database>> {
    let Some(secret) = &postgres.url else { return Ok(None) };
    let options = OpenOptions { pool_size: 1, ..OpenOptions::default() };
    Ok(Some(Database::open(Target::Url(secret.read()?), options).await?))
}

/// A missing user table must not be reported as a missing migration.
fn unreadable_rows(source_name: &str, error: forebay_store::Error) -> Error {
    let is_missing = error
        .server()
        .and_then(|server| server.sqlstate())
        .is_some_and(|state| matches!(state, "42P01" | "3F000" | "42703"));
    if is_missing {
        let problem = error.to_string();
        return Error::RowsMissing { source_name: source_name.to_owned(), problem };
    }
    error.into()
}
