//! `POST /v1/pipelines/{pipeline}/disable`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{PipelineState, decide::pipelines::disable, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::PipelinePath;
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// Disabling a pipeline.
pub(super) struct Disable;

/// How.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Endpoint for Disable {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/pipelines/{pipeline}/disable";
    const NAME: &'static str = "disable_pipeline";
    const SUMMARY: &'static str = "Disable a pipeline until it is enabled again; its hand-offs wait";
    const NEEDS: Permission = Permission::Operate;
    type Path = PipelinePath;
    type Query = None;
    type Body = Body;
    type Output = PipelineState;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let (pipeline, Body { reason }) = (&request.path.pipeline, request.body);
        let by = request.caller.actor().because(reason.as_deref());
        disable(app.database(), pipeline, &by).await
    }
}
