//! `POST /v1/pipelines/{pipeline}/pause`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{self as views, Time, decide::pipelines::pause, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::PipelinePath;
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// Pausing a pipeline.
pub(super) struct Pause;

/// How.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Only hand-offs with this value of the pipeline's `limits.key`.
    key: Option<String>,
    /// Until when (RFC 3339). Default: until it is resumed.
    until: Option<Time>,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Endpoint for Pause {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/pipelines/{pipeline}/pause";
    const NAME: &'static str = "pause_pipeline";
    const SUMMARY: &'static str = "Pause a pipeline, or one key of its limits: nothing more is claimed";
    const NEEDS: Permission = Permission::Operate;
    type Path = PipelinePath;
    type Query = None;
    type Body = Body;
    type Output = views::Pause;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let (pipeline, Body { key, until, reason }) = (&request.path.pipeline, request.body);
        let by = request.caller.actor().because(reason.as_deref());
        pause(app.database(), pipeline, key.as_deref(), until.map(Time::get), &by).await
    }
}
