//! `GET /v1/sources/{source}`

use axum::http::Method;
use forebay_views::{SourceDetail, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// One source.
pub(super) struct Show;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The name of the source.
    source: String,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/sources/{source}";
    const NAME: &'static str = "get_source";
    const SUMMARY: &'static str = "Show a source: its key, policy, schedules, scopes and latest runs";
    const NEEDS: Needs = Needs::Read;
    type Path = Path;
    type Query = None;
    type Body = None;
    type Output = SourceDetail;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        let client = app.client().await?;
        Ok(read::sources::detail(&client, &request.path.source, app.policies()).await?.into())
    }
}
