//! `GET /v1/freshness`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{
    Freshness, Page,
    failure::Failure,
    read::{self, freshness::Filter},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Endpoint, None, Request},
};

/// The ledger of freshness.
pub(super) struct List;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this entity type.
    entity: Option<String>,
    /// Only what is due, failing or never synced, with scopes that exist only in the configuration.
    #[serde(default)]
    stale: bool,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of entries.
    #[serde(default)]
    limit: Limit<100>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/freshness";
    const NAME: &'static str = "list_freshness";
    const SUMMARY: &'static str = "List how fresh each entity type and scope is";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<Freshness>;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { entity, stale, after, limit } = request.query;
        let filter = Filter { entity_type: entity, only_stale: stale, after };
        let page = read::freshness::page(app.database(), app.sources(), app.policies(), filter, limit.get());
        page.await
    }
}
