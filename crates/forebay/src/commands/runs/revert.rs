//! `forebay runs revert`: undoes an applied run as a new run.

use forebay_views::decide::runs::Decision;

use super::decide::{Options, decide};
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
};

/// Undo a run that was applied
///
/// Makes a new run that gives each reference the state that it had before: history is added, never rewritten, and
/// hand-offs follow. References that later runs have changed stay as they are, and keys that the run moved move back.
/// Undo the new run to apply the changes again, unless it moved keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs revert 42 --dry-run
  forebay runs revert 42")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    decide(context, args.run, Decision::Revert, &args.options).await
}
