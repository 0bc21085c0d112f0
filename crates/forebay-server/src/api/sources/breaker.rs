//! `GET /v1/sources/{source}/breaker`

use axum::http::Method;
use forebay_views::{Breaker, failure::Failure, names, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// The breaker of a source.
pub(super) struct Show;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The name of the source.
    source: String,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/sources/{source}/breaker";
    const NAME: &'static str = "get_breaker";
    const SUMMARY: &'static str = "Show the breaker of a source";
    const NEEDS: Needs = Needs::Read;
    type Path = Path;
    type Query = None;
    type Body = None;
    type Output = Breaker;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        let client = app.client().await?;
        let source = names::source(&client, &request.path.source).await?;
        Ok(read::breakers::of(&client, app.sources(), source).await?.into())
    }
}
