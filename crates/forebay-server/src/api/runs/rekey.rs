//! `POST /v1/runs/{run}/rekey`

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

/// Accepting a held run as a re-key.
pub(super) struct Rekey;

impl Endpoint for Rekey {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/runs/{run}/rekey";
    const NAME: &'static str = "rekey_run";
    const SUMMARY: &'static str =
        "Accept a held run as a change of keys: its references keep their ids and history";
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
        decide(app, request.path, Decision::Rekey, request.body, by).await
    }
}
