//! `GET /v1/runs`

use axum::http::Method;
use forebay_domain::{access::Permission, run::RunStatus};
use forebay_store::runs::RunFilter;
use forebay_views::{Page, RunSummary, Time, cursor, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Runs, newest first.
pub(super) struct List;

/// Which runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this source.
    source: Option<String>,
    /// Only this status.
    #[schemars(schema_with = "forebay_views::words::run_status_or_null")]
    status: Option<RunStatus>,
    /// Only runs that started since this time (RFC 3339).
    since: Option<Time>,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of runs.
    #[serde(default)]
    limit: Limit<20>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/runs";
    const NAME: &'static str = "list_runs";
    const SUMMARY: &'static str = "List runs, newest first";
    const NEEDS: Permission = Permission::ReadRuns;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<RunSummary>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.query.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { source, status, since, after, limit } = request.query;
        let after = after.as_deref().map(cursor::read).transpose()?;
        let filter = RunFilter { source, status, since: since.map(Time::get), after, limit: limit.get() };
        read::runs::page(&app.client().await?, filter).await
    }
}
