//! `POST /v1/runs/{run}/revert`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{RunDecision, decide::runs::Decision, failure::Failure};

use super::decide::{Body, decide};
use crate::{
    app::App,
    arguments::RunPath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Undoing an applied run.
pub(super) struct Revert;

impl Endpoint for Revert {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/runs/{run}/revert";
    const NAME: &'static str = "revert_run";
    const SUMMARY: &'static str = "Undo an applied run with a new run";
    const NEEDS: Permission = Permission::Operate;
    type Path = RunPath;
    type Query = None;
    type Body = Body;
    type Output = RunDecision;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Run(request.path.run)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let by = request.caller.actor();
        decide(app, request.path, Decision::Revert, request.body, by).await
    }
}
