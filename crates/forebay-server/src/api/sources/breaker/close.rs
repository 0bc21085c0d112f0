//! `POST /v1/sources/{source}/breaker/close`

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

/// Closing the breaker of a source.
pub(super) struct Close;

impl Endpoint for Close {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/sources/{source}/breaker/close";
    const NAME: &'static str = "close_breaker";
    const SUMMARY: &'static str = "Allow requests to a source again, at once";
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
        command(app, request.path, BreakerCommand::Close, request.body, by).await
    }
}
