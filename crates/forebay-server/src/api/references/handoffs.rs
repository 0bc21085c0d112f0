//! `GET /v1/references/{reference}/handoffs`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{ReferenceHandoffs, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::ReferencePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The hand-offs of a reference.
pub(super) struct Handoffs;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this pipeline.
    pipeline: Option<String>,
}

impl Endpoint for Handoffs {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/references/{reference}/handoffs";
    const NAME: &'static str = "list_handoffs_of_reference";
    const SUMMARY: &'static str = "List the hand-offs of a reference with their attempts";
    const NEEDS: Permission = Permission::Read;
    type Path = ReferencePath;
    type Query = Query;
    type Body = None;
    type Output = ReferenceHandoffs;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Reference(&request.path.reference)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let (client, pipeline) = (app.client().await?, request.query.pipeline);
        read::handoffs::of_reference(&client, &request.path.reference, pipeline.as_ref()).await
    }
}
