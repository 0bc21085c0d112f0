//! `POST /v1/workers/{worker}/release`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{WorkerReleased, decide::workers::release, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// Freeing what a dead worker has claimed.
pub(super) struct Release;

/// Which worker.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The name of the worker.
    worker: String,
}

/// How.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// Even if it may be alive.
    #[serde(default)]
    force: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Endpoint for Release {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/workers/{worker}/release";
    const NAME: &'static str = "release_worker";
    const SUMMARY: &'static str = "Free everything that a dead worker has claimed, before its leases expire";
    const NEEDS: Permission = Permission::Operate;
    type Path = Path;
    type Query = None;
    type Body = Body;
    type Output = WorkerReleased;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Body { force, reason } = request.body;
        let by = request.caller.actor().because(reason.as_deref());
        release(app.database(), &request.path.worker, force, &by).await
    }
}
