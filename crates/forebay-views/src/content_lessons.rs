//! The result of storing the lessons of a folder, or lessons from JSON Lines.

use forebay_engine::content as engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    content::{ContentFolderChange, ContentProblem},
    content_written::ContentPersisted,
    error::Error,
};

/// Stored lessons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentLessons {
    /// Whether every lesson could be used, and no other program had changed a file.
    pub is_complete: bool,
    /// Lessons in the folder; with JSON Lines, the given ones that could be used.
    pub num_lessons: u64,
    /// Files written; the others were equal already.
    pub num_written: u64,
    /// Files that somebody else had changed. Their former bytes, which no sync had stored, are kept.
    pub kept: Vec<ContentFolderChange>,
    /// Lines that could not be used, in their order.
    pub refused: Vec<ContentRefusedLine>,
    /// Lessons in the folder that cannot be stored.
    pub problems: Vec<ContentProblem>,
    /// The result of the last batch in the database; null: there was none.
    pub database: Option<ContentPersisted>,
}

/// A line that could not be used. The others were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentRefusedLine {
    /// The input and the line: `lessons.jsonl:3`.
    pub place: String,
    /// Why.
    pub error: Error,
}

impl ContentLessons {
    /// The lessons of a folder. `failed` makes the error of a code and a message.
    pub fn of_folder(
        stored: engine::FolderLessons,
        failed: impl FnOnce(&'static str, String) -> Error,
    ) -> Self {
        let is_complete = stored.is_complete();
        let engine::FolderLessons { paths, problems, persisted } = stored;
        Self {
            is_complete,
            num_lessons: paths.len() as u64,
            num_written: 0,
            kept: Vec::new(),
            refused: Vec::new(),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
            database: Some(ContentPersisted::new(persisted, failed)),
        }
    }

    /// Lessons from the lines of the input `name`. `refused` makes the error of a line, and `failed` that of a code and
    /// a message.
    pub fn of_lines(
        lines: engine::LessonLines,
        name: &str,
        refused: impl Fn(engine::ContentError) -> Error,
        failed: impl FnOnce(&'static str, String) -> Error,
    ) -> Self {
        let engine::LessonLines { num_lessons, num_written, kept, refused: lines, persisted } = lines;
        let line = |line: engine::RefusedLine| ContentRefusedLine {
            place: format!("{name}:{}", line.line),
            error: refused(line.error),
        };
        Self {
            is_complete: lines.is_empty() && kept.is_empty(),
            num_lessons,
            num_written,
            kept: kept.into_iter().map(ContentFolderChange::from).collect(),
            refused: lines.into_iter().map(line).collect(),
            problems: Vec::new(),
            database: persisted.map(|persisted| ContentPersisted::new(persisted, failed)),
        }
    }
}
