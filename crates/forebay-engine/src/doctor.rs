//! The self-check: judges the facts that the store collects.

mod advice;
mod check;
mod checks;

use forebay_store::{connect::Database, doctor, handoffs, migrations};

pub use self::check::{Check, CheckStatus, worst};
use crate::error::Result;

/// Checks the database, its maintenance and the queues. Changes nothing.
///
/// `configured_by` names the option or variable that configured the database; `None`: it is the embedded cluster.
pub async fn check(database: &Database, configured_by: Option<&str>) -> Result<Vec<Check>> {
    let client = database.client().await?;
    let mut checks = vec![
        Check::ok("database", format!("{} answers", database.target())),
        checks::connection(configured_by),
    ];
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
        // The other checks read the tables.
        return Ok(checks);
    }
    checks.extend(checks::bloat(&doctor::bloat(&**client).await?));
    checks.extend(checks::queues(&doctor::queues(&**client).await?));
    checks.extend(checks::future_runs(&doctor::future_runs(&**client).await?));
    checks.extend(advice::policies(&client).await?);
    checks.extend(checks::failed(&handoffs::counts(&**client, None).await?));
    Ok(checks)
}
