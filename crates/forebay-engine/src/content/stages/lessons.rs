//! The stage of the lessons: stores those that the folder has.

use forebay_domain::content::{Problem, Severity, layout::Role};

use super::{
    super::persister::{CoursePersister, Persisted},
    files::Files,
};
use crate::error::Result;

/// The lessons of a folder.
#[derive(Debug)]
pub struct FolderLessons {
    /// The paths of the lessons that can be stored.
    pub paths: Vec<String>,
    /// What is wrong with lessons.
    pub problems: Vec<Problem>,
    /// The result in the database.
    pub persisted: Persisted,
}

impl FolderLessons {
    /// Whether every lesson can be stored.
    pub fn is_complete(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// Persists the lessons in the course folder, with its other files.
pub async fn persist_lessons(writer: &mut CoursePersister) -> Result<FolderLessons> {
    let files = Files::of(writer).await?;
    let problems = files.lesson_problems(writer.settings(), |_| true);
    let lessons = files.0.files.iter().filter(|(_, file)| matches!(file.role, Role::Lesson { .. }));
    let paths = lessons.map(|(path, _)| path.to_string()).collect();
    let persisted = writer.persist_folder().await;
    Ok(FolderLessons { paths, problems, persisted })
}
