//! `forebay runs show`: one run in full.

use super::read;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Show one run: counts, coverage of each field, status and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42")]
pub(crate) struct Args {
    /// The run, by its id
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
