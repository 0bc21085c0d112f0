//! `forebay runs release`: applies a held run.

use forebay_engine::persist::{self, HeldDecision};
use forebay_store::connect::Database;

use super::decide::{self, Options};
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
};

/// Apply a held run
///
/// Applies what it withholds in one transaction, after saying how much that is. Refused if a later run of the scope is
/// held or was applied.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs diff 42
  forebay runs release 42 --dry-run
  forebay runs release 42")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let release = async |database: &Database, run_id: i64| {
        context.declare_pipelines(database).await?;
        Ok(persist::release(database, run_id, &args.options.why.actor()).await?)
    };
    decide::about_held(context, args.run, HeldDecision::Release, &args.options, release).await
}
