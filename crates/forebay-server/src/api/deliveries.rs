//! `GET /v1/deliveries`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_store::deliveries::DeliveryFilter;
use forebay_views::{Delivery, Page, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The log of webhooks' requests.
pub(super) struct List;

/// Which requests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this pipeline.
    pipeline: Option<String>,
    /// Only this reference: its id, or `NAME/RECORD_KEY`.
    reference: Option<String>,
    /// Only those that failed.
    #[serde(default)]
    failed: bool,
    /// Only those sent since this time (RFC 3339).
    since: Option<Time>,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of requests.
    #[serde(default)]
    limit: Limit<20>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/deliveries";
    const NAME: &'static str = "list_deliveries";
    const SUMMARY: &'static str = "List the requests of webhooks with their responses, newest first";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<Delivery>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        request.query.reference.as_deref().map_or(Subject::Everything, Subject::Reference)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { pipeline, reference, failed, since, after, limit } = request.query;
        let filter = DeliveryFilter {
            pipeline,
            only_failed: failed,
            since: since.map(Time::get),
            limit: limit.get(),
            ..DeliveryFilter::default()
        };
        let client = app.client().await?;
        read::deliveries::page(&client, filter, reference.as_deref(), after.as_deref()).await
    }
}
