//! `GET /v1/sources/{source}/breaker`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Breaker, failure::Failure, names, read};

use crate::{
    app::App,
    arguments::SourcePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The breaker of a source.
pub(super) struct Show;

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/sources/{source}/breaker";
    const NAME: &'static str = "get_breaker";
    const SUMMARY: &'static str = "Show the breaker of a source";
    const NEEDS: Permission = Permission::Read;
    type Path = SourcePath;
    type Query = None;
    type Body = None;
    type Output = Breaker;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.path.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        let source = names::source(&client, &request.path.source).await?;
        read::breakers::of(&client, app.sources(), source).await
    }
}
