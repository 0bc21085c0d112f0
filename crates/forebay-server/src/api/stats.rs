//! `GET /v1/stats`

use axum::http::Method;
use forebay_views::{Stats, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// The totals.
pub(super) struct Show;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this source.
    source: Option<String>,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/stats";
    const NAME: &'static str = "get_stats";
    const SUMMARY: &'static str = "Count references, versions, revisions, hand-offs and runs";
    const NEEDS: Needs = Needs::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Stats;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        Ok(read::stats::totals(&app.client().await?, request.query.source.as_deref()).await?.into())
    }
}
