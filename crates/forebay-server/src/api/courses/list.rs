//! `GET /v1/courses`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_store::content;
use forebay_views::{CourseSummary, Page, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The courses.
pub(super) struct List;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The project; the configured one by default.
    project: Option<String>,
}

impl Endpoint for List {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/courses";
    const NAME: &'static str = "list_courses";
    const SUMMARY: &'static str = "List the stored courses of a project";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = Page<CourseSummary>;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let project = app.course_project(request.query.project);
        let courses = content::list(&**app.client().await?, &project).await?;
        Ok(Page::from(courses.into_iter().map(CourseSummary::from).collect::<Vec<_>>()))
    }
}
