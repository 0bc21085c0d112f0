//! `POST /v1/jobs/{job}/stop`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{HandoffJob, failure::Failure};

use super::JobPath;
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// Stopping a job.
pub(super) struct Stop;

impl Endpoint for Stop {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/jobs/{job}/stop";
    const NAME: &'static str = "stop_job";
    const SUMMARY: &'static str = "Stop an operation on hand-offs; what it has done stays done";
    const NEEDS: Permission = Permission::Operate;
    type Path = JobPath;
    type Query = None;
    type Body = None;
    type Output = HandoffJob;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        Ok(app.jobs().stop(request.path.job)?.view())
    }
}
