//! Full-text search over lessons.

use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::{ReadRow, columns},
};

/// The lessons that contain the words of a query, best first.
pub const SEARCH: &str = include_str!("search.sql");

/// Where to search; `None` means anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// The slug of the course.
    pub course: Option<String>,
    /// The persona in whose voice the course is written.
    pub persona: Option<String>,
    /// A keyword of the course, or a key concept of the lesson.
    pub keyword: Option<String>,
}

/// A lesson that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundLesson {
    /// The slug of its course.
    pub course: String,
    /// The title of its course.
    pub course_title: String,
    /// Its id in the course.
    pub lesson_id: String,
    /// Module and number.
    pub number: (i32, i32),
    /// Its title.
    pub title: String,
    /// The path of its file.
    pub file_path: String,
    /// The text of its file.
    pub content: String,
    /// How well it matches; comparable only within one answer.
    pub rank: f32,
}

/// Searches the lessons of a project. The query is in the syntax of `websearch_to_tsquery`.
pub async fn search(
    client: &impl GenericClient,
    project: &str,
    query: &str,
    filter: &SearchFilter,
    limit: u32,
) -> Result<Vec<FoundLesson>> {
    let rows = client
        .query_typed(
            SEARCH,
            &[
                (&query, Type::TEXT),
                (&project, Type::TEXT),
                (&filter.course, Type::TEXT),
                (&filter.persona, Type::TEXT),
                (&filter.keyword, Type::TEXT),
                (&i64::from(limit), Type::INT8),
            ],
        )
        .await?;
    let [course, course_title, lesson_id, module, number, title, file_path, content, rank] = columns(
        &rows,
        [
            "piece_slug",
            "course_title",
            "lesson_id",
            "module_number",
            "lesson_number",
            "title",
            "file_path",
            "content",
            "rank",
        ],
    )?;
    rows.iter()
        .map(|row| {
            Ok(FoundLesson {
                course: row.read(course)?,
                course_title: row.read(course_title)?,
                lesson_id: row.read(lesson_id)?,
                number: (row.read(module)?, row.read(number)?),
                title: row.read(title)?,
                file_path: row.read(file_path)?,
                content: row.read(content)?,
                rank: row.read(rank)?,
            })
        })
        .collect()
}
