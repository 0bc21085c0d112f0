//! `POST /v1/pipelines/{pipeline}/enable`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{PipelineState, decide::pipelines::enable, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::PipelinePath;
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// Enabling a pipeline.
pub(super) struct Enable;

/// How.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Endpoint for Enable {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/pipelines/{pipeline}/enable";
    const NAME: &'static str = "enable_pipeline";
    const SUMMARY: &'static str = "Enable a pipeline again, and forget the failures of its endpoint";
    const NEEDS: Permission = Permission::Operate;
    type Path = PipelinePath;
    type Query = None;
    type Body = Body;
    type Output = PipelineState;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let (pipeline, Body { reason }) = (&request.path.pipeline, request.body);
        let by = request.caller.actor().because(reason.as_deref());
        enable(app.database(), pipeline, &by).await
    }
}
