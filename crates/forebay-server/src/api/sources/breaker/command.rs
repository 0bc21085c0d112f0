//! What the commands to a breaker have in common.

use forebay_domain::breaker::BreakerCommand;
use forebay_store::actions::Actor;
use forebay_views::{Breaker, decide::breakers, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{app::App, arguments::SourcePath};

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// Applies a command to the breaker of a source.
pub(super) async fn command(
    app: &App,
    path: SourcePath,
    command: BreakerCommand,
    body: Body,
    by: Actor,
) -> Result<Breaker, Failure> {
    let by = by.because(body.reason.as_deref());
    breakers::command(app.database(), app.sources(), &path.source, command, &by).await
}
