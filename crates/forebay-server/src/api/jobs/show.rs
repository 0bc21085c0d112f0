//! `GET /v1/jobs/{job}`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{HandoffJob, failure::Failure};

use super::JobPath;
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// One job.
pub(super) struct Show;

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/jobs/{job}";
    const NAME: &'static str = "get_job";
    const SUMMARY: &'static str = "Show how far an operation on hand-offs is";
    const NEEDS: Permission = Permission::Read;
    type Path = JobPath;
    type Query = None;
    type Body = None;
    type Output = HandoffJob;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        Ok(app.jobs().get(request.path.job)?.view())
    }
}
