//! `forebay runs revert`: undoes an applied run as a new run.

use std::fmt::Write as _;

use forebay_engine::persist;
use forebay_views::RunEffects;

use super::decide::{Options, Planned, effects_in_words, subject};
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::format,
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
    context
        .report(async |database| {
            let run_id = names::run(&database.client().await?, args.run).await?;
            let (run, totals, num_active) = persist::preview_revert(database, run_id).await?;
            let effects = RunEffects::of_revert(&totals, num_active);
            let mut text =
                format!("reverting {}: {}", subject(&run), effects_in_words(&effects, args.options.mood()));
            if totals.num_rekeyed > 0 {
                let _ = write!(text, ", {} keys move back", format::count(totals.num_rekeyed));
            }
            let mut planned =
                Planned { effects, num_rekeyed: Some(totals.num_rekeyed), num_kept: Some(totals.num_kept) };
            let mut row = run;
            if args.options.may(context, &text)? {
                context.declare_pipelines(database).await?;
                let reverted = persist::revert(database, run_id, &args.options.why.actor()).await?;
                planned.num_kept = Some(reverted.num_kept);
                row = reverted.run;
            }
            planned.of(&database.client().await?, row, args.options.dry_run).await
        })
        .await
}
