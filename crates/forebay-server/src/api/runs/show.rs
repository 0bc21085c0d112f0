//! `GET /v1/runs/{run}`

use axum::http::Method;
use forebay_views::{
    RunDetail,
    failure::Failure,
    names::{self, RunName},
    read,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// One run.
pub(super) struct Show;

/// Which run.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The id of the run, or `latest`.
    #[schemars(with = "String")]
    run: RunName,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/runs/{run}";
    const NAME: &'static str = "get_run";
    const SUMMARY: &'static str =
        "Show a run: its counts, coverage, drift, withheld changes, rejected input and log";
    const NEEDS: Needs = Needs::Read;
    type Path = Path;
    type Query = None;
    type Body = None;
    type Output = RunDetail;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        let client = app.client().await?;
        let run_id = names::run(&client, request.path.run).await?;
        Ok(read::runs::detail(&client, run_id).await?.into())
    }
}
