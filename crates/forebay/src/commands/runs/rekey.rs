//! `forebay runs rekey`: applies a held run as a change of keys.

use forebay_views::decide::runs::Decision;

use super::decide::{Options, decide};
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
};

/// Apply a held run as a change of keys
///
/// For a run that is held because records with the same content appeared under new keys: the references keep their
/// ids and history and take the new keys. Refused if a later run of the scope is held or was applied.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs diff 42
  forebay runs rekey 42")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    decide(context, args.run, Decision::Rekey, &args.options).await
}
