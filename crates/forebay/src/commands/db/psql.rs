//! `forebay db psql`: a terminal or one statement in the database.

use std::ffi::OsString;

use forebay_store::tools::{ToolError, find};
use tokio::task::block_in_place;

use super::tools::connection;
use crate::{
    commands::signals::Signals,
    context::Context,
    failure::{Exit, Failure},
};

/// Run psql in the database
///
/// Starts the private Postgres if necessary. A password is passed in a variable, not as an argument.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db psql
  forebay db psql -- -c 'select count(*) from forebay.references'")]
pub(crate) struct Args {
    /// Arguments of psql
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}

/// Runs the command. It ends like psql, except that every failure is exit code 1.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let ended = context
        .with_bare_database(async |database| {
            // Ctrl-C cancels a statement in psql; it must not end this process, which keeps the private Postgres
            // running.
            let _signals = Signals::listen()?;
            let (libpq, major) = connection(context, database).await?;
            let tool = find("psql", major)?;
            let status = block_in_place(|| libpq.command(&tool).args(&args.args).status());
            Ok(status.map_err(|source| ToolError::NotRun { name: "psql", source })?)
        })
        .await?;
    Ok(if ended.success() { Exit::Done } else { Exit::Failed })
}
