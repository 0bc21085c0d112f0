//! `GET /v1/changes`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_store::timeline::{StreamCursor, StreamFilter};
use forebay_views::{ChangeStream, Time, failure::Failure, read};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::Limit,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// The stream of changes.
pub(super) struct List;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this source.
    source: Option<String>,
    /// Only this entity type.
    entity: Option<String>,
    /// Start with runs that ended at this time or later (RFC 3339).
    since: Option<Time>,
    /// Start after this cursor: `next` of the previous part, or that of a change.
    after: Option<String>,
    /// Maximum number of changes.
    #[serde(default)]
    limit: Limit<100>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/changes";
    const NAME: &'static str = "list_changes";
    const SUMMARY: &'static str = "List what changed, oldest first, as a stream that can be resumed";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = ChangeStream;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.query.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { source, entity, since, after, limit } = request.query;
        let filter = StreamFilter { source, entity_type: entity };
        let client = app.client().await?;
        read::changes::check_names(&client, &filter, app.sources()).await?;
        let from = match (after, since) {
            (Some(after), _) => read::changes::check(&client, read::changes::position(&after)?).await?,
            (None, Some(since)) => StreamCursor::since(&**client, since.get()).await?,
            (None, None) => StreamCursor::START,
        };
        drop(client);
        read::changes::page(app.database(), &filter, from, limit.get()).await
    }
}
