//! Names the user's objects that keep a migration from being reverted.

use tokio_postgres::{Client, error::SqlState};

use crate::{
    error::{Error, Result},
    row::ReadRow,
};

/// Objects outside Forebay's schemas that depend on objects in them.
const DEPENDENTS: &str = include_str!("dependents.sql");

/// The error of a revert. If it failed because of dependent objects, all of them are named.
pub(super) async fn named(client: &Client, error: Error) -> Error {
    let sqlstate = error.server().and_then(|server| server.sqlstate());
    if sqlstate != Some(SqlState::DEPENDENT_OBJECTS_STILL_EXIST.code()) {
        return error;
    }
    match list(client).await {
        Ok(dependents) if !dependents.is_empty() => Error::SchemaInUse { dependents },
        // The server's own error says at least that there are some.
        _ => error,
    }
}

async fn list(client: &Client) -> Result<Vec<String>> {
    client.query_typed(DEPENDENTS, &[]).await?.iter().map(|row| row.read("dependent")).collect()
}
