//! Commands to the breaker of a source.

use forebay_domain::breaker::BreakerCommand;
use forebay_engine::{operate, scrape::Sources};
use forebay_store::{actions::Actor, connect::Database};

use crate::{Breaker, failure::Failure, names, read};

/// Applies a command, and returns the breaker afterwards. Error: `no_such_source`.
pub async fn command(
    database: &Database,
    configured: &Sources,
    source: &str,
    command: BreakerCommand,
    by: &Actor,
) -> Result<Breaker, Failure> {
    let source = names::source(&database.client().await?, source).await?;
    operate::breaker(database, &source, command, by).await?;
    read::breakers::of(&database.client().await?, configured, source).await
}
