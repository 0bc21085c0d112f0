//! `GET /v1/courses/{course}`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_engine::content;
use forebay_views::{Course, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// One course.
pub(super) struct Show;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The slug of the course.
    course: String,
}

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The project; the configured one by default.
    project: Option<String>,
}

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/courses/{course}";
    const NAME: &'static str = "get_course";
    const SUMMARY: &'static str =
        "Show a stored course: its lessons with scores, approvals, research and performance";
    const NEEDS: Permission = Permission::Read;
    type Path = Path;
    type Query = Query;
    type Body = None;
    type Output = Course;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let settings = app.course(&request.path.course, request.query.project)?;
        Ok(Course::from(content::show(app.database(), &settings).await?))
    }
}
