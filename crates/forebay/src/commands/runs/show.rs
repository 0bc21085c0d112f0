//! `forebay runs show`: one run in full.

use super::read;
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// Show one run: status, reason, counts and field coverage
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42
  forebay runs show latest")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let client = database.client().await?;
            read::detail(&client, names::run(&client, args.run).await?).await
        })
        .await
}
