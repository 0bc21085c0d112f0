//! `GET /v1/references/{reference}/at`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{PointInTime, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::ReferencePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// A reference at a time.
pub(super) struct At;

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
    const NEEDS: Permission = Permission::Read;
    type Path = ReferencePath;
    type Query = Query;
    type Body = None;
    type Output = PointInTime;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Reference(&request.path.reference)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        read::references::at(&client, &request.path.reference, request.query.time.get()).await
    }
}
