//! `GET /v1/sources`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Page, Source, failure::Failure, read};

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// All sources.
pub(super) struct List;

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/sources";
    const NAME: &'static str = "list_sources";
    const SUMMARY: &'static str = "List sources with their references and latest run";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = None;
    type Body = None;
    type Output = Page<Source>;

    async fn call(app: &App, _: Request<Self>) -> Result<Self::Output, Failure> {
        read::sources::page(&app.client().await?, None).await
    }
}
