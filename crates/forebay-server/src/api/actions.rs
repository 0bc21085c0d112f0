//! `GET /v1/actions`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_store::actions::{ActionFilter, ActionName};
use forebay_views::{OperatorAction, Page, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The audit trail.
pub(super) struct List;

/// Which actions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only what concerns this source, also through its runs and hand-offs.
    source: Option<String>,
    /// Only actions of this person or program.
    actor: Option<String>,
    /// Only this kind of action.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    action: Option<ActionName>,
    /// Only actions since this time (RFC 3339).
    since: Option<Time>,
    /// Start after this cursor: `next` of the previous page.
    after: Option<String>,
    /// Maximum number of actions.
    #[serde(default)]
    limit: Limit<20>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/actions";
    const NAME: &'static str = "list_actions";
    const SUMMARY: &'static str = "List who changed what, when and why, newest first";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<OperatorAction>;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.query.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { source, actor, action, since, after, limit } = request.query;
        let filter = ActionFilter {
            source,
            actor,
            action,
            since: since.map(Time::get),
            limit: limit.get(),
            ..ActionFilter::default()
        };
        read::actions::page(&app.client().await?, filter, after.as_deref()).await
    }
}
