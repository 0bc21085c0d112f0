//! `GET /v1/courses/{course}/lessons/{lesson}`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_engine::content;
use forebay_views::{CourseLesson, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// One lesson.
pub(super) struct Lesson;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Path {
    /// The slug of the course.
    course: String,
    /// The path, id, slug or number of the lesson.
    lesson: String,
}

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The project; the configured one by default.
    project: Option<String>,
}

impl Endpoint for Lesson {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/courses/{course}/lessons/{lesson}";
    const NAME: &'static str = "get_lesson";
    const SUMMARY: &'static str = "Show a stored lesson with its text";
    const NEEDS: Permission = Permission::Read;
    type Path = Path;
    type Query = Query;
    type Body = None;
    type Output = CourseLesson;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Path { course, lesson } = request.path;
        let settings = app.course(&course, request.query.project)?;
        Ok(CourseLesson::from(content::show_lesson(app.database(), &settings, &lesson).await?))
    }
}
