//! `POST /v1/pipelines/{pipeline}/verify`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{
    Verified,
    decide::pipelines::{Verifying, verify},
    failure::Failure,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::PipelinePath;
use crate::{
    app::App,
    arguments::Id,
    endpoint::{Endpoint, None, Request},
};

/// Verifying that every reference has reached a pipeline.
pub(super) struct Verify;

/// What to verify.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Hand off missing references again.
    #[serde(default)]
    repair: bool,
    /// Don't compare with the contents of a target in this database.
    #[serde(default)]
    records_only: bool,
    /// Check only so many references; `next` of the result says where to continue. Default: all.
    #[schemars(range(min = 1))]
    limit: Option<u32>,
    /// Continue after this reference id: `next` of an earlier part.
    from: Option<Id>,
}

impl Endpoint for Verify {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/pipelines/{pipeline}/verify";
    const NAME: &'static str = "verify_pipeline";
    const SUMMARY: &'static str =
        "Verify that every reference was ingested, is in progress or has a reason why not";
    const NEEDS: Permission = Permission::Operate;
    type Path = PipelinePath;
    type Query = None;
    type Body = Body;
    type Output = Verified;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Body { repair, records_only, limit, from } = request.body;
        let (pipeline, from) = (Some(request.path.pipeline), from.map(Id::get));
        verify(app.database(), Verifying { pipeline, repair, records_only, limit, from, listed: None }).await
    }
}
