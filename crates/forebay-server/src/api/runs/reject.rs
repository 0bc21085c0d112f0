//! `POST /v1/runs/{run}/reject`

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

/// Rejecting a held run.
pub(super) struct Reject;

impl Endpoint for Reject {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/runs/{run}/reject";
    const NAME: &'static str = "reject_run";
    const SUMMARY: &'static str = "Drop what a held run withholds";
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
        decide(app, request.path, Decision::Reject, request.body, by).await
    }
}
