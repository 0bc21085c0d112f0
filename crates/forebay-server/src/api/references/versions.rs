//! `GET /v1/references/{reference}/versions`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{HistoryPage, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{Limit, ReferencePath},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Maximum characters of the JSON text of one value; `get_reference_at` returns whole values.
const VALUE_CHARS: u32 = 4000;

/// The versions of a reference.
pub(super) struct Versions;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only changes observed before this time (RFC 3339).
    before: Option<Time>,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of changed fields.
    #[serde(default)]
    limit: Limit<100>,
}

impl Endpoint for Versions {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/references/{reference}/versions";
    const NAME: &'static str = "list_versions";
    const SUMMARY: &'static str = "List the versions of a reference, newest first, with each changed field";
    const NEEDS: Permission = Permission::Read;
    type Path = ReferencePath;
    type Query = Query;
    type Body = None;
    type Output = HistoryPage;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Reference(&request.path.reference)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { before, after, limit } = request.query;
        let (client, name) = (app.client().await?, &request.path.reference);
        let before = before.map(Time::get);
        let after = after.as_deref();
        read::versions::page(&client, name, before, after, limit.get(), VALUE_CHARS).await
    }
}
