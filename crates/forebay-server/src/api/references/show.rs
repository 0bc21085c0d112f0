//! `GET /v1/references/{reference}`

use axum::http::Method;
use forebay_views::{Reference, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Answer, Endpoint, Needs, None, Request},
};

/// One reference.
pub(super) struct Show;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The id of the reference, or `NAME/RECORD_KEY` with the slash as `%2F`.
    reference: String,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/references/{reference}";
    const NAME: &'static str = "get_reference";
    const SUMMARY: &'static str = "Show a reference: its record, its state and its lineage";
    const NEEDS: Needs = Needs::Read;
    type Path = Path;
    type Query = None;
    type Body = None;
    type Output = Reference;

    async fn call(app: &App, request: Request<Self>) -> Result<Answer<Self::Output>, Failure> {
        Ok(read::references::reference(&app.client().await?, &request.path.reference).await?.into())
    }
}
