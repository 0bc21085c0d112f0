//! `GET /v1/jobs`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{HandoffJob, Page, failure::Failure};

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The jobs of this server.
pub(super) struct List;

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/jobs";
    const NAME: &'static str = "list_jobs";
    const SUMMARY: &'static str = "List the latest operations on hand-offs, newest first";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = None;
    type Body = None;
    type Output = Page<HandoffJob>;

    async fn call(app: &App, _: Request<Self>) -> Result<Self::Output, Failure> {
        Ok(app.jobs().list().into())
    }
}
