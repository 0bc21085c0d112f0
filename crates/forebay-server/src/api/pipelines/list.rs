//! `GET /v1/pipelines`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Page, PipelineState, failure::Failure, read};

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The pipelines.
pub(super) struct List;

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/pipelines";
    const NAME: &'static str = "list_pipelines";
    const SUMMARY: &'static str = "List pipelines with their state and the number of waiting hand-offs";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = None;
    type Body = None;
    type Output = Page<PipelineState>;

    async fn call(app: &App, _: Request<Self>) -> Result<Self::Output, Failure> {
        read::pipelines::page(&app.client().await?).await
    }
}
