//! `GET /v1/runs/{run}`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{RunDetail, failure::Failure, names, read};

use crate::{
    app::App,
    arguments::RunPath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// One run.
pub(super) struct Show;

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/runs/{run}";
    const NAME: &'static str = "get_run";
    const SUMMARY: &'static str =
        "Show a run: its counts, coverage, drift, withheld changes, rejected input and log";
    const NEEDS: Permission = Permission::ReadRuns;
    type Path = RunPath;
    type Query = None;
    type Body = None;
    type Output = RunDetail;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Run(request.path.run)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        let run_id = names::run(&client, request.path.run).await?;
        read::runs::detail(&client, run_id).await
    }
}
