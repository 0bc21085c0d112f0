//! `POST /v1/sources/{source}/breaker/open`

use axum::http::Method;
use forebay_domain::{access::Permission, breaker::BreakerCommand};
use forebay_views::{Breaker, failure::Failure};

use super::command::{Body, command};
use crate::{
    app::App,
    arguments::SourcePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Opening the breaker of a source.
pub(super) struct Open;

impl Endpoint for Open {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/sources/{source}/breaker/open";
    const NAME: &'static str = "open_breaker";
    const SUMMARY: &'static str = "Block requests to a source until further notice";
    const NEEDS: Permission = Permission::Operate;
    type Path = SourcePath;
    type Query = None;
    type Body = Body;
    type Output = Breaker;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.path.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let by = request.caller.actor();
        command(app, request.path, BreakerCommand::ForceOpen, request.body, by).await
    }
}
