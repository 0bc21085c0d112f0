//! `GET /v1/breakers`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Breaker, Page, failure::Failure, read};

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The breakers of all sources.
pub(super) struct List;

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/breakers";
    const NAME: &'static str = "list_breakers";
    const SUMMARY: &'static str = "List the breakers of all sources that can be scraped";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = None;
    type Body = None;
    type Output = Page<Breaker>;

    async fn call(app: &App, _: Request<Self>) -> Result<Self::Output, Failure> {
        read::breakers::page(&app.client().await?, app.sources()).await
    }
}
