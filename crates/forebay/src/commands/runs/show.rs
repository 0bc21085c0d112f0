//! `forebay runs show`: one run in full.

use forebay_domain::run::RunStatus;
use forebay_engine::Error;
use forebay_store::{changes, drift, runs};

use super::report::ShowReport;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// So many rejected records are shown; `rejected_records` has them all.
const REJECTED_SHOWN: i64 = 20;

/// Show one run: counts, coverage of each field, status and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let run_id = args.run;
    let report = context
        .with_database(async |database| {
            let client = database.client().await?;
            let run = runs::find(&**client, run_id).await?.ok_or(Error::NoSuchRun { run_id })?;
            let staged = match run.status {
                RunStatus::Held => Some(changes::totals(&**client, run_id).await?),
                _ => None,
            };
            let rejected = runs::rejected(&**client, run_id, REJECTED_SHOWN).await?;
            let drift = drift::of_run(&**client, run_id).await?;
            Ok(ShowReport::new(run, staged, rejected, drift))
        })
        .await?;
    context.ui.show(&report)?;
    Ok(Exit::Done)
}
