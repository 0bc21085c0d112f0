//! `forebay doctor`: whether everything is as it should be, and what to do where it is not.
//!
//! It looks and changes nothing: not even the private cluster's schema is migrated for it.

mod checks;
mod report;

use forebay_store::{connect::Database, doctor, handoffs, migrations};
use forebay_views::{Check, Doctor, Severity};

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Check the database, its maintenance and the queues, and suggest fixes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 1 if anything is bad; warnings alone are told and end with 0.

Examples:
  forebay doctor
  forebay doctor --output json")]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let database = context.bare_database().await?;
    let checks = look(&database).await;
    let report = Doctor::from(with_closed(database, checks).await?);
    context.ui.show(&report)?;
    Ok(if report.verdict == Severity::Bad { Exit::Failed } else { Exit::Done })
}

/// Closes the database however looking ended.
async fn with_closed<T>(database: Database, looked: Result<T, Failure>) -> Result<T, Failure> {
    let closed = database.close().await;
    let looked = looked?;
    closed?;
    Ok(looked)
}

async fn look(database: &Database) -> Result<Vec<Check>, Failure> {
    let client = database.client().await?;
    let mut checks = vec![Check::ok("database", format!("{} answers", database.target()))];
    let server = doctor::server(&**client).await?;
    checks.extend(checks::server(&server));
    let (schema, is_usable) = checks::schema(&migrations::status(&client).await?);
    checks.push(schema);
    checks.extend(checks::holders(&doctor::holders(&**client).await?));
    if !is_usable {
        return Ok(checks);
    }
    let missing = doctor::missing_rights(&**client).await?;
    checks.push(checks::rights(&server.role, &missing));
    if !missing.is_empty() {
        // What comes next reads the tables.
        return Ok(checks);
    }
    checks.extend(checks::bloat(&doctor::bloat(&**client).await?));
    checks.extend(checks::queues(&doctor::queues(&**client).await?));
    checks.extend(checks::failed(&handoffs::counts(&**client, None).await?));
    Ok(checks)
}
