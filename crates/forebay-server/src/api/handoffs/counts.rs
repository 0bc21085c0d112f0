//! `GET /v1/handoffs/counts`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{HandoffCount, Page, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The numbers of hand-offs.
pub(super) struct Counts;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this pipeline.
    pipeline: Option<String>,
}

impl Endpoint for Counts {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/handoffs/counts";
    const NAME: &'static str = "count_handoffs";
    const SUMMARY: &'static str = "Count hand-offs by pipeline and state";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<HandoffCount>;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        read::handoffs::counts(&client, request.query.pipeline.as_ref()).await
    }
}
