//! A stored course, and one of its lessons.

use forebay_store::{
    connect::Database,
    content::{self, CourseDetails, StoredLesson},
};

use super::{
    course::{CourseSettings, find_course},
    error::ContentError,
};
use crate::error::Result;

/// A stored course with all its relations; its lessons have no text. Error: `course_unknown`.
pub async fn show(database: &Database, settings: &CourseSettings) -> Result<CourseDetails> {
    let mut client = database.client().await?;
    let details = content::details(&mut client, &settings.project, settings.slug.as_str(), false).await?;
    let unknown =
        || ContentError::CourseUnknown { slug: settings.slug.to_string(), project: settings.project.clone() };
    Ok(details.ok_or_else(unknown)?)
}

/// A stored lesson with its text, named by its path, id, number (`2.10`) or slug. Errors: `course_unknown`,
/// `no_such_lesson`.
pub async fn show_lesson(database: &Database, settings: &CourseSettings, name: &str) -> Result<StoredLesson> {
    let (piece, _) = find_course(database, settings).await?;
    let client = database.client().await?;
    let lesson = content::find_lesson(&**client, piece.piece_id, name).await?;
    Ok(lesson.ok_or_else(|| ContentError::NoSuchLesson { name: name.to_owned() })?)
}
