//! `forebay doctor`: checks the installation and suggests fixes.
//!
//! It changes nothing; it does not even migrate the schema of the private cluster.

mod report;

use forebay_engine::doctor::{self, CheckStatus};
use forebay_views::Doctor;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Check the database, its maintenance and the queues, and suggest fixes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with 1 if a check fails; warnings don't change the exit code.

Examples:
  forebay doctor
  forebay doctor --output json")]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let configured_by = context.configured_by()?;
    let database = context.bare_database().await?;
    let checked = doctor::check(&database, configured_by.as_deref()).await;
    let closed = database.close().await;
    // The first error is the one to report.
    let checks = checked?;
    closed?;
    let exit = if doctor::worst(&checks) == CheckStatus::Failed { Exit::Failed } else { Exit::Done };
    context.ui.show(&Doctor::from(checks))?;
    Ok(exit)
}
