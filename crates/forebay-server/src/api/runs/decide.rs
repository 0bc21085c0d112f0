//! A decision about a run as an endpoint. Decisions differ in their path and in what is decided.

use std::marker::PhantomData;

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{
    RunDecision,
    decide::runs::{Decided, Decision, plan},
    failure::Failure,
    names,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::RunPath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// A decision.
pub(crate) trait RunDecider: Send + Sync + 'static {
    /// The path.
    const PATH: &'static str;
    /// Its name in generated clients.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// What is decided.
    const DECISION: Decision;
}

/// The endpoint of a decision.
pub(crate) struct Decide<D>(PhantomData<D>);

/// How to decide.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// Only count what it would do, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl<D: RunDecider> Endpoint for Decide<D> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = D::PATH;
    const NAME: &'static str = D::NAME;
    const SUMMARY: &'static str = D::SUMMARY;
    const NEEDS: Permission = Permission::Operate;
    type Path = RunPath;
    type Query = None;
    type Body = Body;
    type Output = RunDecision;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Run(request.path.run)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Body { dry_run, reason } = request.body;
        let run_id = names::run(&app.client().await?, request.path.run).await?;
        let plan = plan(app.database(), run_id, D::DECISION).await?;
        if dry_run {
            return plan.shown(&app.client().await?).await;
        }
        let by = request.caller.actor().because(reason.as_deref());
        let Decided { view, not_in_ledger } = plan.carry_out(app.database(), app.sources(), &by).await?;
        if let Some(error) = not_in_ledger {
            tracing::warn!(run_id, %error, "the ledger of freshness could not record this run");
        }
        Ok(view)
    }
}
