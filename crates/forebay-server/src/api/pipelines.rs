//! Pipelines.

mod disable;
mod enable;
mod list;
mod pause;
mod resume;
mod verify;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::routes::Routes;

/// The parameter of paths under a pipeline.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct PipelinePath {
    /// The name of the pipeline.
    pipeline: String,
}

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<disable::Disable>()
        .add::<enable::Enable>()
        .add::<list::List>()
        .add::<pause::Pause>()
        .add::<resume::Resume>()
        .add::<verify::Verify>()
}
