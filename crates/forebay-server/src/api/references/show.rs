//! `GET /v1/references/{reference}`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{Reference, failure::Failure, read};

use crate::{
    app::App,
    arguments::ReferencePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// One reference.
pub(super) struct Show;

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/references/{reference}";
    const NAME: &'static str = "get_reference";
    const SUMMARY: &'static str = "Show a reference: its record, its state and its lineage";
    const NEEDS: Permission = Permission::Read;
    type Path = ReferencePath;
    type Query = None;
    type Body = None;
    type Output = Reference;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Reference(&request.path.reference)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        read::references::reference(&app.client().await?, &request.path.reference).await
    }
}
