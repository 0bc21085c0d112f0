//! Operations on hand-offs that go on after their response.

mod list;
mod show;
mod stop;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::routes::Routes;

/// The parameter of paths under a job.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct JobPath {
    /// The number of the job.
    job: u64,
}

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<list::List>().add::<show::Show>().add::<stop::Stop>()
}
