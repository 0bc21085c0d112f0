//! The result of a search over lessons.

use forebay_engine::content::LessonHit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The lessons that a search found, best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentSearch {
    /// The query.
    pub query: String,
    /// The lessons.
    pub hits: Vec<ContentHit>,
}

/// A lesson with the place of the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentHit {
    /// The slug of its course.
    pub course: String,
    /// The title of its course.
    pub course_title: String,
    /// Its id in the course.
    pub lesson_id: String,
    /// Its title.
    pub title: String,
    /// Its file, with the line that has the most words of the query: `lessons/1.1-intro.md:4`. Without a line if only
    /// its title has any.
    pub place: String,
    /// That line, cut around the first word, with matching words between « and »; else the title.
    pub snippet: String,
    /// How well it matches; comparable only within one answer.
    pub rank: f32,
}

impl ContentSearch {
    /// The result of a query.
    pub fn new(query: String, hits: Vec<LessonHit>) -> Self {
        Self { query, hits: hits.into_iter().map(ContentHit::from).collect() }
    }
}

impl From<LessonHit> for ContentHit {
    fn from(hit: LessonHit) -> Self {
        let LessonHit { course, course_title, lesson_id, title, path, line, snippet, rank } = hit;
        let place = line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
        Self { course, course_title, lesson_id, title, place, snippet, rank }
    }
}
