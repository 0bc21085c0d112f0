//! `GET /v1/runs/{run}/rejected`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Page, RejectedRecord, failure::Failure, names, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{Limit, RunPath},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The rejected records of a run.
pub(super) struct Rejected;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Maximum number of records.
    #[serde(default)]
    limit: Limit<100>,
}

impl Endpoint for Rejected {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/runs/{run}/rejected";
    const NAME: &'static str = "list_rejected_records";
    const SUMMARY: &'static str = "List the first rejected records of a run, with their raw text";
    const NEEDS: Permission = Permission::ReadRuns;
    type Path = RunPath;
    type Query = Query;
    type Body = None;
    type Output = Page<RejectedRecord>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Run(request.path.run)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        let run_id = names::run(&client, request.path.run).await?;
        read::runs::rejected(&client, run_id, request.query.limit.get()).await
    }
}
