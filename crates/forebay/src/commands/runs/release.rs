//! `forebay runs release`: applies a held run.

use forebay_views::decide::runs::Decision;

use super::decide::{Options, decide};
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
    decide(context, args.run, Decision::Release, &args.options).await
}
