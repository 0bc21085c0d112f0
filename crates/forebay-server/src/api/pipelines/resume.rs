//! `POST /v1/pipelines/{pipeline}/resume`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Resumed, decide::pipelines::resume, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::PipelinePath;
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// Lifting the pauses of a pipeline.
pub(super) struct Resume;

/// How.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Only the pause of this value of the pipeline's `limits.key`.
    key: Option<String>,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Endpoint for Resume {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/pipelines/{pipeline}/resume";
    const NAME: &'static str = "resume_pipeline";
    const SUMMARY: &'static str = "Lift the pauses of a pipeline and of its keys, or of one key";
    const NEEDS: Permission = Permission::Operate;
    type Path = PipelinePath;
    type Query = None;
    type Body = Body;
    type Output = Resumed;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let (pipeline, Body { key, reason }) = (&request.path.pipeline, request.body);
        let by = request.caller.actor().because(reason.as_deref());
        resume(app.database(), pipeline, key.as_deref(), &by).await
    }
}
