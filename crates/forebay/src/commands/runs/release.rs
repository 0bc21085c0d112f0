//! `forebay runs release`: applies a held run.

use forebay_engine::persist;
use forebay_store::connect::Database;

use super::read;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Apply a held run
///
/// Applies its staged changes and removals in one transaction.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list --status held
  forebay runs release 42")]
pub(crate) struct Args {
    /// Id of the run
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let release = async |database: &Database| {
        context.declare_pipelines(database).await?;
        Ok((persist::release(database, args.run).await?, None))
    };
    read::decide(context, release).await
}
