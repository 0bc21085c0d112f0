//! `forebay runs show`: one run in full.

use super::read;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Show one run: status, reason, counts and field coverage
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42")]
pub(crate) struct Args {
    /// Id of the run
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let detail = context
        .with_database(async |database| read::detail(&database.client().await?, args.run).await)
        .await?;
    context.ui.show(&detail)?;
    Ok(Exit::Done)
}
