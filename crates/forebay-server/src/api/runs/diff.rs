//! `GET /v1/runs/{run}/diff`

use axum::http::Method;
use forebay_views::{
    RunDiff,
    failure::Failure,
    names::{self, RunName},
    read,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// What a held run withholds.
pub(super) struct Diff;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The id of the run, or `latest`.
    #[schemars(with = "String")]
    run: RunName,
}

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
    const NEEDS: Needs = Needs::Read;
    type Path = Path;
    type Query = Query;
    type Body = None;
    type Output = RunDiff;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        let run_id = names::run(&app.client().await?, request.path.run).await?;
        let Query { after, limit } = request.query;
        Ok(read::run_diff::diff(app.database(), run_id, after.as_deref(), limit.get()).await?.into())
    }
}
