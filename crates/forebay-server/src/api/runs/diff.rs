//! `GET /v1/runs/{run}/diff`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{RunDiff, failure::Failure, names, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{Limit, RunPath},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// What a held run withholds.
pub(super) struct Diff;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of changes.
    #[serde(default)]
    limit: Limit<20>,
}

impl Endpoint for Diff {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/runs/{run}/diff";
    const NAME: &'static str = "diff_run";
    const SUMMARY: &'static str = "Show what a held run withholds: totals, fields, and each change";
    const NEEDS: Permission = Permission::ReadRuns;
    type Path = RunPath;
    type Query = Query;
    type Body = None;
    type Output = RunDiff;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Run(request.path.run)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let run_id = names::run(&app.client().await?, request.path.run).await?;
        let Query { after, limit } = request.query;
        read::run_diff::diff(app.database(), run_id, after.as_deref(), limit.get()).await
    }
}
