//! `forebay doctor`: checks the installation and suggests fixes.
//!
//! It changes nothing; it does not even migrate the schema of the private cluster.

mod report;

use forebay_engine::doctor;
use forebay_store::connect::Database;
use forebay_views::{Doctor, Severity};

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
    let database = context.bare_database().await?;
    let checks = doctor::check(&database).await.map_err(Failure::from);
    let report = Doctor::from(with_closed(database, checks).await?);
    context.ui.show(&report)?;
    Ok(if report.verdict == Severity::Bad { Exit::Failed } else { Exit::Done })
}

/// Closes the database, whatever the result.
async fn with_closed<T>(database: Database, looked: Result<T, Failure>) -> Result<T, Failure> {
    let closed = database.close().await;
    let looked = looked?;
    closed?;
    Ok(looked)
}
