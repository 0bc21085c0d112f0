//! `forebay runs release`: applies a run that a guard holds.

use forebay_engine::persist;

use super::read;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Apply a run that a guard holds
///
/// Its staged changes and removals are applied in one transaction, as if no guard had tripped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list --status held
  forebay runs release 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = context
        .with_database(async |database| {
            context.declare_pipelines(database).await?;
            let run = persist::release(database, args.run).await?;
            read::decision(&database.client().await?, run, None).await
        })
        .await?;
    context.ui.show(&report)?;
    Ok(Exit::Done)
}
