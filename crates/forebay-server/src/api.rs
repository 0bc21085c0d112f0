//! The endpoints under `/v1`, one file each.

mod actions;
mod breakers;
mod changes;
mod courses;
mod deliveries;
mod doctor;
mod ensure;
mod freshness;
mod handoffs;
mod jobs;
pub(crate) mod persist;
mod pipelines;
mod references;
mod runs;
mod search;
mod sources;
mod stats;
mod workers;

use crate::routes::Routes;

/// Adds every endpoint.
pub(crate) fn add_to(routes: Routes) -> Routes {
    let groups = [
        changes::add_to,
        courses::add_to,
        handoffs::add_to,
        jobs::add_to,
        pipelines::add_to,
        references::add_to,
        runs::add_to,
        sources::add_to,
        workers::add_to,
    ];
    let routes = groups.into_iter().fold(routes, |routes, add_to| add_to(routes));
    routes
        .add::<actions::List>()
        .add::<breakers::List>()
        .add::<deliveries::List>()
        .add::<doctor::Show>()
        .add::<ensure::Ensure>()
        .add::<freshness::List>()
        .add::<search::Search>()
        .add::<stats::Show>()
        .add_raw::<persist::Persist>()
}
