//! `POST /v1/sources/{source}/breaker/disable`

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

/// Disabling the breaker of a source.
pub(super) struct Disable;

impl Endpoint for Disable {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/sources/{source}/breaker/disable";
    const NAME: &'static str = "disable_breaker";
    const SUMMARY: &'static str = "Ignore failures of a source until further notice";
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
        command(app, request.path, BreakerCommand::Disable, request.body, by).await
    }
}
