//! `GET /content`: courses, and `GET /content/{project}/{slug}`: the lessons of one with their scores.

use axum::response::Response;
use forebay_engine::content as engine;
use forebay_store::content as store;
use forebay_views::{Course, CourseLesson, CourseSummary, failure::Failure};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    address::Address,
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::endpoint::None;

/// Of which project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    project: Option<String>,
}

/// Which course.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    project: String,
    slug: String,
}

/// `GET /content`
pub(super) async fn list(asked: Asked<None, Filter>) -> Response {
    let content = courses(&asked).await;
    asked.answer(Section::Content, content)
}

/// `GET /content/{project}/{slug}`
pub(super) async fn show(asked: Asked<Path>) -> Response {
    let content = course(&asked).await;
    asked.answer(Section::Content, content)
}

async fn courses(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    let project = asked.app.course_project(asked.query.project.clone());
    let found = store::list(&**asked.app.client().await?, &project).await?;
    let courses: Vec<CourseSummary> = found.into_iter().map(CourseSummary::from).collect();
    let body = html! {
        form .filters method="get" action="/content" role="search" {
            label { "Project" input type="text" name="project" value=(project); }
            button type="submit" { "Show" }
        }
        @if courses.is_empty() {
            p { "The project " code { (parts::plain(&project)) } " has no courses." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Courses" {
                table {
                    caption { "Courses of the project " (parts::plain(&project)) }
                    thead {
                        tr {
                            th scope="col" { "Course" } th scope="col" { "Status" } th scope="col" .n { "Lessons" }
                            th scope="col" .n { "Passed" } th scope="col" .n { "Words" } th scope="col" { "Curriculum" }
                            th scope="col" .n { "Voice" }
                        }
                    }
                    tbody { @for course in &courses { (row(course)) } }
                }
            }
        }
    };
    Ok(Content::new("Content", body))
}

fn row(course: &CourseSummary) -> Markup {
    let path = format!("/content/{}/{}", parts::encoded(&course.project), parts::encoded(&course.slug));
    html! {
        tr {
            th scope="row" { a href=(Address::new(path, [])) { (parts::plain(&course.title)) } br; span .soft { (parts::plain(&course.slug)) } }
            td { (parts::state(&course.status)) }
            td .n { (parts::count(course.num_lessons)) }
            td .n { (parts::count(course.num_passed)) }
            td .n { (parts::count(course.num_words)) }
            td {
                @match course.is_approved {
                    Some(true) => { span .good { "● approved" } },
                    Some(false) => { span .warn { "◐ changed since its approval" } },
                    Option::None => (parts::none()),
                }
            }
            td .n { (score(course.voice_fidelity_score)) }
        }
    }
}

async fn course(asked: &Asked<Path>) -> Result<Content, Failure> {
    let Path { project, slug } = &asked.path;
    let settings = asked.app.course(slug, Some(project.clone()))?;
    let course = Course::from(engine::show(asked.app.database(), &settings).await?);
    let body = html! {
        dl {
            dt { "Project" } dd { (parts::plain(&course.project)) }
            dt { "Status" } dd { (parts::state(&course.status)) }
            dt { "Keywords" } dd { (parts::plain(&course.keywords.join(", "))) }
            dt { "Voice" } dd { (score(course.voice_fidelity_score)) }
        }
        @if course.lessons.is_empty() {
            p { "It has no lessons." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Lessons" {
                table {
                    caption { "Lessons, with the scores of their last validation" }
                    thead {
                        tr {
                            th scope="col" .n { "Module" } th scope="col" .n { "Lesson" } th scope="col" { "Title" }
                            th scope="col" { "Validation" } th scope="col" .n { "GPS" } th scope="col" .n { "Didática" }
                            th scope="col" .n { "Words" } th scope="col" .n { "Retries" } th scope="col" { "Updated" }
                        }
                    }
                    tbody { @for lesson in &course.lessons { (lesson_row(lesson)) } }
                }
            }
        }
    };
    Ok(Content::new(parts::plain(&course.title), body))
}

fn lesson_row(lesson: &CourseLesson) -> Markup {
    html! {
        tr {
            td .n { (lesson.module) }
            td .n { (lesson.lesson) }
            td .w { a href=(Address::new(format!("/references/{}", lesson.reference_id), [])) { (parts::plain(&lesson.title)) } }
            td { (parts::state(&lesson.validation_status)) }
            td .n { (score(lesson.gps_score)) }
            td .n { (score(lesson.didatica_score)) }
            td .n { (parts::count(lesson.word_count)) }
            td .n { @match lesson.num_retries { Some(number) => (number), Option::None => (parts::none()) } }
            td .t { (parts::time(lesson.updated_at)) }
        }
    }
}

fn score(score: Option<f64>) -> Markup {
    score.map_or_else(parts::none, |score| html! { (format!("{score:.2}")) })
}
