//! `GET /v1/references`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_store::timeline::ListFilter;
use forebay_views::{Page, Reference, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{self, Limit},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The references of a source.
pub(super) struct List;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The source.
    source: String,
    /// Only this scope, as in `semester=Spring 2026,university=CSI`.
    scope: Option<String>,
    /// Only records with this value in a field (a name or a JSON pointer), as in `room=B12`; repeatable.
    #[serde(default)]
    r#where: Vec<String>,
    /// Removed references instead of active ones.
    #[serde(default)]
    removed: bool,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of references.
    #[serde(default)]
    limit: Limit<100>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/references";
    const NAME: &'static str = "list_references";
    const SUMMARY: &'static str = "List the references of a source, by id";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<Reference>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.query.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { source, scope, r#where, removed, after, limit } = request.query;
        let filter = ListFilter {
            scope: scope.as_deref().map(arguments::scope).transpose()?,
            removed,
            fields: arguments::fields(&r#where)?,
        };
        let client = app.client().await?;
        read::references::page(&client, &source, &filter, after.as_deref(), limit.get()).await
    }
}
