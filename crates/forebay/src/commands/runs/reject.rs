//! `forebay runs reject`: discards a held run.

use forebay_engine::persist::{self, HeldDecision};
use forebay_store::connect::Database;

use super::decide::{self, Options};
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
};

/// Discard a held run
///
/// Drops what it withholds. Stored data is unchanged.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list --status held
  forebay runs reject 42")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let reject = async |database: &Database, run_id: i64| {
        Ok(persist::reject(database, run_id, &args.options.why.actor()).await?)
    };
    decide::about_held(context, args.run, HeldDecision::Reject, &args.options, reject).await
}
