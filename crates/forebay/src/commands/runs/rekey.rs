//! `forebay runs rekey`: applies a held run as a change of keys.

use forebay_engine::persist;

use super::read;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Apply a held run as a change of keys
///
/// For a run that was held because keys vanished and keys appeared with the same content: the references keep their
/// ids and history, and get the new keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42
  forebay runs rekey 42")]
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
            let rekeyed = persist::rekey(database, args.run).await?;
            read::decision(&database.client().await?, rekeyed.run, Some(rekeyed.num_rekeyed)).await
        })
        .await?;
    context.ui.show(&report)?;
    Ok(Exit::Done)
}
