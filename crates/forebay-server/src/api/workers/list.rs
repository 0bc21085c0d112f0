//! `GET /v1/workers`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Page, Worker, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The workers.
pub(super) struct List;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only workers of this pipeline.
    pipeline: Option<String>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/workers";
    const NAME: &'static str = "list_workers";
    const SUMMARY: &'static str = "List the workers with their claims";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<Worker>;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        read::workers::page(&app.client().await?, request.query.pipeline.as_ref()).await
    }
}
