//! `GET /v1/references/{reference}/at`

use axum::http::Method;
use forebay_views::{PointInTime, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// A reference at a time.
pub(super) struct At;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The id of the reference, or `NAME/RECORD_KEY` with the slash as `%2F`.
    reference: String,
}

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The time (RFC 3339).
    time: Time,
}

impl Endpoint for At {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/references/{reference}/at";
    const NAME: &'static str = "get_reference_at";
    const SUMMARY: &'static str = "Show a reference as it was at a time";
    const NEEDS: Needs = Needs::Read;
    type Path = Path;
    type Query = Query;
    type Body = None;
    type Output = PointInTime;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        let client = app.client().await?;
        Ok(read::references::at(&client, &request.path.reference, request.query.time.get()).await?.into())
    }
}
