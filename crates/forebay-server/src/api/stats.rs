//! `GET /v1/stats`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Stats, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The totals.
pub(super) struct Show;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this source.
    source: Option<String>,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/stats";
    const NAME: &'static str = "get_stats";
    const SUMMARY: &'static str = "Count references, versions, revisions, hand-offs and runs";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Stats;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.query.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        read::stats::totals(&app.client().await?, request.query.source.as_deref()).await
    }
}
