//! `forebay runs reject`: drops a run that a guard holds.

use forebay_engine::persist;

use super::read;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Drop a run that a guard holds
///
/// Its staged changes are discarded; what is stored stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list --status held
  forebay runs reject 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = context
        .with_database(async |database| {
            let run = persist::reject(database, args.run).await?;
            read::decision(&database.client().await?, run, None).await
        })
        .await?;
    context.ui.show(&report)?;
    Ok(Exit::Done)
}
