//! `forebay db psql`: a terminal or one statement in the database.

use std::ffi::OsString;

use tokio::task::block_in_place;

use super::tools;
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
    let database = context.bare_database().await?;
    // Ctrl-C cancels a statement in psql; it must not end this process, which keeps the private Postgres running.
    let signals = Signals::listen()?;
    let ran = async {
        let (libpq, major) = tools::connection(context, &database).await?;
        let mut command = libpq.command(&tools::find("psql", major)?);
        let status = block_in_place(|| command.args(&args.args).status());
        status.map_err(|error| Failure::new("tool_failed", "`psql` can't be run").because(&error))
    }
    .await;
    drop(signals);
    database.close().await?;
    Ok(if ran?.success() { Exit::Done } else { Exit::Failed })
}
