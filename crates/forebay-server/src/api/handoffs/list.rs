//! `GET /v1/handoffs`

use axum::http::Method;
use forebay_domain::{access::Permission, handoff::State};
use forebay_store::handoffs::HandoffFilter;
use forebay_views::{Handoff, Page, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Hand-offs, newest first.
pub(super) struct List;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this pipeline.
    pipeline: Option<String>,
    /// Only this state.
    #[serde(default)]
    #[schemars(schema_with = "forebay_views::words::handoff_state")]
    state: Option<State>,
    /// Only references of this source.
    source: Option<String>,
    /// Only this reason code, or this failure code of the last attempt.
    reason_code: Option<String>,
    /// Only this failure code of the last attempt.
    failure_code: Option<String>,
    /// Only hand-offs that ended (or, if open, were queued) since this time (RFC 3339).
    since: Option<Time>,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of hand-offs.
    #[serde(default)]
    limit: Limit<20>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/handoffs";
    const NAME: &'static str = "list_handoffs";
    const SUMMARY: &'static str = "List hand-offs, newest first";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<Handoff>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.query.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { pipeline, state, source, reason_code, failure_code, since, after, limit } = request.query;
        let filter = HandoffFilter {
            pipeline,
            state: state.map(|state| state.to_string()),
            reason_code,
            failure_code,
            source,
            since: since.map(Time::get),
            limit: limit.get(),
            ..HandoffFilter::default()
        };
        read::handoffs::page(&app.client().await?, filter, after.as_deref()).await
    }
}
