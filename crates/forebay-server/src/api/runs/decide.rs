//! What the decisions about a run have in common.

use forebay_store::actions::Actor;
use forebay_views::{
    RunDecision,
    decide::runs::{Decided, Decision, plan},
    failure::Failure,
    names,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{app::App, arguments::RunPath};

/// How to decide.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Only count what it would do, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// Decides about a run.
pub(super) async fn decide(
    app: &App,
    path: RunPath,
    decision: Decision,
    body: Body,
    by: Actor,
) -> Result<RunDecision, Failure> {
    let run_id = names::run(&app.client().await?, path.run).await?;
    let plan = plan(app.database(), run_id, decision).await?;
    if body.dry_run {
        return plan.shown(&app.client().await?).await;
    }
    let by = by.because(body.reason.as_deref());
    let Decided { view, not_in_ledger } = plan.carry_out(app.database(), app.sources(), &by).await?;
    if let Some(error) = not_in_ledger {
        tracing::warn!(run_id, %error, "the ledger of freshness could not record this run");
    }
    Ok(view)
}
