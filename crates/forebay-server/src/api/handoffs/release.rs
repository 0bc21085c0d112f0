//! `POST /v1/handoffs/release`

use axum::http::{Method, StatusCode};
use forebay_domain::access::Permission;
use forebay_store::handoffs::Operation;
use forebay_views::failure::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operate::{Filter, OperatedOrJob, operate};
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Release held hand-offs.
pub(super) struct Release;

/// What to do with which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Which hand-offs; at least one condition.
    filter: Filter,
    /// Only count what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Endpoint for Release {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/handoffs/release";
    const NAME: &'static str = "release_handoffs";
    const SUMMARY: &'static str = "Release held hand-offs";
    const NEEDS: Permission = Permission::Operate;
    const STATUSES: &'static [StatusCode] = &[StatusCode::OK, StatusCode::ACCEPTED];
    type Path = None;
    type Query = None;
    type Body = Body;
    type Output = OperatedOrJob;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.body.filter.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Body { filter, dry_run, reason } = request.body;
        let by = request.caller.actor().because(reason.as_deref());
        operate(app, Operation::Release, filter, dry_run, by).await
    }

    fn status(output: &Self::Output) -> StatusCode {
        output.status()
    }
}
