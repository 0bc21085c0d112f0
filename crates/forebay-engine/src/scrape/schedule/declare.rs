//! Declares the schedules of a configuration in the database.

use std::collections::BTreeSet;

use forebay_store::{
    connect::Database,
    schedules::{self, ScheduleSpec},
    sources,
};
use jiff::Timestamp;

use crate::{error::Result, freshness::can_answer, scrape::definition::Sources};

/// Stores the schedules of these sources and drops all others. Pass all sources of the configuration, already declared.
/// Writes nothing if nothing changed; returns the names of the sources whose schedules changed.
pub async fn declare(database: &Database, sources: &Sources, now: Timestamp) -> Result<Vec<String>> {
    let client = database.client().await?;
    let known: BTreeSet<String> =
        schedules::list(&**client).await?.into_iter().map(|row| row.source_name).collect();
    let scheduled = sources.values().filter(|source| source.schedule.is_some()).map(|source| &source.name);
    let names: BTreeSet<&String> = known.iter().chain(scheduled).collect();
    let mut changed = Vec::new();
    for name in names {
        let Some(stored) = sources::find(&**client, name).await? else { continue };
        let source = sources.get(name);
        let schedule = source.and_then(|source| Some((source, source.schedule.as_ref()?)));
        let specs = schedule.map(|(source, schedule)| {
            let enabled = can_answer(sources, source);
            let spec = |scope| ScheduleSpec { scope, schedule: schedule.clone(), enabled };
            source.declared_scopes().into_iter().map(spec).collect::<Vec<_>>()
        });
        if schedules::declare(&**client, &stored, &specs.unwrap_or_default(), now).await? > 0 {
            changed.push(name.clone());
        }
    }
    Ok(changed)
}
