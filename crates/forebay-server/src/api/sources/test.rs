//! `POST /v1/sources/{source}/test`

use std::collections::BTreeMap;

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{SourceTest, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{Limit, SourcePath, scope_of},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
    sample::sample,
};

/// Reading the first records of a source without writing anything.
pub(super) struct Test;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// The scope, as names and values, such as {"semester": "Spring 2026"}. Default: the first declared scope.
    scope: Option<BTreeMap<String, String>>,
    /// Number of records to fetch.
    #[serde(default)]
    limit: Limit<5>,
}

impl Endpoint for Test {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/sources/{source}/test";
    const NAME: &'static str = "test_source";
    const SUMMARY: &'static str = "Fetch the first records of a source without storing anything";
    const NEEDS: Permission = Permission::Scrape;
    type Path = SourcePath;
    type Query = None;
    type Body = Body;
    type Output = SourceTest;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.path.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let scope = request.body.scope.as_ref().map(scope_of).transpose()?;
        sample(app, &request.path.source, scope, request.body.limit.get()).await
    }
}
