//! Running the client programs of Postgres.

use std::process::{Command, Output};

use forebay_store::{
    connect::{Client, Database},
    doctor,
    tools::{self, Libpq, Tool},
};
use tokio::task::block_in_place;

use crate::{context::Context, failure::Failure};

/// How to connect, and the server's major version.
pub(super) async fn connection(context: &Context, database: &Database) -> Result<(Libpq, u32), Failure> {
    let client: Client = database.client().await?;
    let server = doctor::server(&**client).await?;
    Ok((Libpq::of(database, &context.target()?)?, u32::try_from(server.major).unwrap_or_default()))
}

/// A program that fits the server. Error: `tools_missing`.
pub(super) fn find(name: &str, server_major: u32) -> Result<Tool, Failure> {
    tools::find(name, server_major).ok_or_else(|| {
        let message =
            format!("no `{name}` of version {server_major} or later is installed, as the server needs");
        Failure::usage("tools_missing", message).hint(format!(
            "install the client programs of Postgres {server_major}: `apt install postgresql-client-{server_major}`, \
             `dnf install postgresql{server_major}` or `brew install postgresql@{server_major}`"
        ))
    })
}

/// Runs a program to its end. Error: `tool_failed`, with what it says.
pub(super) fn finish(mut command: Command, name: &str) -> Result<(), Failure> {
    let output = block_in_place(|| command.output())
        .map_err(|error| Failure::new("tool_failed", format!("`{name}` can't be run")).because(&error))?;
    check(&output, name)
}

/// Error: `tool_failed`, with the end of what the program says.
pub(super) fn check(output: &Output, name: &str) -> Result<(), Failure> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = last[last.len().saturating_sub(3)..].join("; ");
    Err(Failure::new("tool_failed", format!("`{name}` failed: {last}")))
}
