//! Declares the schedules of a configuration in the database.

use forebay_store::{
    connect::Database,
    schedules::{self, ScheduleSpec},
    sources,
};
use jiff::Timestamp;
use tokio_postgres::GenericClient;

use crate::{error::Result, freshness::can_answer, scrape::definition::Sources};

/// Stores the schedules of these sources, and drops those of their scopes that have none. Schedules of other sources
/// are not touched. The sources must be declared, and none of them by another project. Writes nothing if nothing
/// changed; returns the names of the sources whose schedules changed.
pub async fn declare(database: &Database, sources: &Sources, now: Timestamp) -> Result<Vec<String>> {
    declare_in(&**database.client().await?, sources, now).await
}

/// The same on a connection of the caller.
pub(crate) async fn declare_in(
    client: &impl GenericClient,
    sources: &Sources,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    for (name, source) in sources {
        let Some(stored) = sources::find(client, name).await? else { continue };
        let specs = source.schedule.as_ref().map(|schedule| {
            let enabled = can_answer(sources, source);
            let spec = |scope| ScheduleSpec { scope, schedule: schedule.clone(), enabled };
            source.declared_scopes().into_iter().map(spec).collect::<Vec<_>>()
        });
        if schedules::declare(client, &stored, &specs.unwrap_or_default(), now).await? > 0 {
            changed.push(name.clone());
        }
    }
    Ok(changed)
}
