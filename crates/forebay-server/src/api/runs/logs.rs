//! `GET /v1/runs/{run}/logs`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_store::logs::{Grep, Level, LogFilter};
use forebay_views::{LogLine, Page, failure::Failure, names, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{Limit, RunPath},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The log of a run.
pub(super) struct Logs;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Minimum level.
    #[serde(default)]
    #[schemars(schema_with = "forebay_views::words::level")]
    level: Option<Level>,
    /// Only lines with this text in their message or metadata, ignoring case.
    grep: Option<String>,
    /// Only lines after this `log_id`: `next` of the previous page.
    #[schemars(range(min = 0))]
    after: Option<i64>,
    /// Maximum number of lines.
    #[serde(default)]
    limit: Limit<1000>,
}

impl Endpoint for Logs {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/runs/{run}/logs";
    const NAME: &'static str = "list_run_logs";
    const SUMMARY: &'static str = "List the log of a run, oldest line first";
    const NEEDS: Permission = Permission::ReadRuns;
    type Path = RunPath;
    type Query = Query;
    type Body = None;
    type Output = Page<LogLine>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Run(request.path.run)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        let run_id = names::run(&client, request.path.run).await?;
        read::runs::status(&client, run_id).await?;
        let Query { level, grep, after, limit } = request.query;
        let filter =
            LogFilter { run_id, min_level: level.unwrap_or(Level::Debug), grep: grep.map(Grep::Text), after };
        read::runs::log(&client, &filter, limit.get()).await
    }
}
