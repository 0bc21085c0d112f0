//! Search over the lessons of all courses, with the place of the words.

use forebay_domain::content::passage::{self, query_words};
use forebay_store::{
    connect::Database,
    content::{self, FoundLesson, SearchFilter},
};
use tokio::task;

use super::error::ContentError;
use crate::error::{Error, Result};

/// A lesson that contains the words of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonHit {
    /// The slug of its course.
    pub course: String,
    /// The title of its course.
    pub course_title: String,
    /// Its id in the course.
    pub lesson_id: String,
    /// Its title.
    pub title: String,
    /// The path of its file.
    pub path: String,
    /// The 1-based line with the most words of the query; `None`: only its title has any.
    pub line: Option<u32>,
    /// That line, cut around the first word, with matching words between `«` and `»`; else the title.
    pub snippet: String,
    /// How well it matches; comparable only within one answer.
    pub rank: f32,
}

/// Searches the lessons of a project, best first. Words, "quoted phrases", OR and -word. Error: `course_unknown`.
pub async fn search(
    database: &Database,
    project: &str,
    query: &str,
    filter: &SearchFilter,
    limit: u32,
) -> Result<Vec<LessonHit>> {
    let client = database.client().await?;
    if let Some(slug) = &filter.course
        && content::find(&**client, project, slug).await?.is_none()
    {
        return Err(ContentError::CourseUnknown { slug: slug.clone(), project: project.to_owned() }.into());
    }
    let found = content::search(&**client, project, query, filter, limit).await?;
    drop(client);
    let words = query_words(query);
    let located = task::spawn_blocking(move || found.into_iter().map(|lesson| hit(lesson, &words)).collect());
    located.await.map_err(|_| Error::Reader)
}

fn hit(lesson: FoundLesson, words: &[String]) -> LessonHit {
    let passage = passage::find(&lesson.content, words);
    let (line, snippet) = match passage {
        Some(passage) => (Some(passage.line), passage.snippet),
        None => (None, lesson.title.clone()),
    };
    LessonHit {
        course: lesson.course,
        course_title: lesson.course_title,
        lesson_id: lesson.lesson_id,
        title: lesson.title,
        path: lesson.file_path,
        line,
        snippet,
        rank: lesson.rank,
    }
}
