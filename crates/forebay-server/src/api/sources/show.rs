//! `GET /v1/sources/{source}`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_views::{SourceDetail, failure::Failure, read};

use crate::{
    app::App,
    arguments::SourcePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// One source.
pub(super) struct Show;

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/sources/{source}";
    const NAME: &'static str = "get_source";
    const SUMMARY: &'static str = "Show a source: its key, policy, schedules, scopes and latest runs";
    const NEEDS: Permission = Permission::Read;
    type Path = SourcePath;
    type Query = None;
    type Body = None;
    type Output = SourceDetail;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.path.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let client = app.client().await?;
        read::sources::detail(&client, &request.path.source, app.policies()).await
    }
}
