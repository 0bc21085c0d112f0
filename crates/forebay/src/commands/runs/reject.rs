//! `forebay runs reject`: discards a held run.

use forebay_views::decide::runs::Decision;

use super::decide::{Options, decide};
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
    decide(context, args.run, Decision::Reject, &args.options).await
}
