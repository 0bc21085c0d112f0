//! The stage of validation: structure, GPS and didactics of lessons, with their evidence.

use std::collections::BTreeSet;

use forebay_domain::content::{
    Problem, Severity, ValidationStatus,
    layout::Role,
    lesson::Lesson,
    paths::RelativePath,
    quality::{Score, validate_lesson},
};
use forebay_store::content::{LessonMeasures, MeasuredLesson};
use serde_json::json;
use tokio::task;

use super::{
    super::{
        error::ContentError,
        persister::{CoursePersister, Persisted},
        snapshot::CourseFile,
    },
    files::{Files, text},
};
use crate::error::{Error, Result};

/// The validation of lessons.
#[derive(Debug)]
pub struct ValidationReport {
    /// The lessons, by path.
    pub lessons: Vec<ValidatedLesson>,
    /// Lessons that cannot be read, and why.
    pub problems: Vec<Problem>,
    /// The result for the scores in the database.
    pub persisted: Persisted,
}

/// A validated lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedLesson {
    /// Its path in the course folder.
    pub path: String,
    /// Module and number.
    pub number: Option<(u32, u32)>,
    /// What it says about itself.
    pub lesson: Lesson,
    /// Its scores, with the evidence.
    pub score: Score,
    /// SHA-256 of the bytes that were validated.
    pub content_hash: [u8; 32],
}

impl ValidationReport {
    /// Whether every lesson can be read and none failed.
    pub fn is_passed(&self) -> bool {
        let has_failed = self.lessons.iter().any(|one| one.score.status == ValidationStatus::Failed);
        !has_failed && self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// Validates the lessons in the course folder and records their scores. `only` names lessons by path, id, slug or
/// number (`2.10`); empty means all. Error: `no_such_lesson`.
pub async fn validate_lessons(writer: &mut CoursePersister, only: &[String]) -> Result<ValidationReport> {
    let files = Files::of(writer).await?;
    let lessons: Vec<(&RelativePath, &CourseFile)> =
        files.0.files.iter().filter(|(_, file)| matches!(file.role, Role::Lesson { .. })).collect();
    let mut wanted: BTreeSet<RelativePath> = BTreeSet::new();
    for name in only {
        let found = lessons.iter().filter(|(path, file)| is_named(name, path, file)).map(|(path, _)| *path);
        let unreadable = files.0.blocked.iter().filter(|path| path.as_str() == name);
        let paths: Vec<RelativePath> = found.chain(unreadable).cloned().collect();
        if paths.is_empty() {
            return Err(ContentError::NoSuchLesson { name: name.clone() }.into());
        }
        wanted.extend(paths);
    }
    let is_wanted = |path: &RelativePath| only.is_empty() || wanted.contains(path);
    let problems = files.lesson_problems(writer.settings(), is_wanted);
    let mut validated = Vec::new();
    for (path, file) in lessons.into_iter().filter(|(path, _)| is_wanted(path)) {
        let read = text(writer, path).await?;
        let (layout, number) = (writer.settings().layout.clone(), file.number);
        let scored = task::spawn_blocking(move || {
            let (lesson, score) =
                validate_lesson(read.path.as_str(), &read.text, number, &layout.lesson_fields());
            ValidatedLesson { path: read.path.to_string(), number, lesson, score, content_hash: read.hash }
        });
        validated.push(scored.await.map_err(|_| Error::Reader)?);
    }
    let measured = validated.iter().map(measured).collect();
    let persisted = writer.update_lesson_validations(measured).await;
    Ok(ValidationReport { lessons: validated, problems, persisted })
}

fn is_named(name: &str, path: &RelativePath, file: &CourseFile) -> bool {
    let Role::Lesson { slug, .. } = &file.role else { return false };
    let number = file.number.map(|(module, lesson)| format!("{module}.{lesson}"));
    path.as_str() == name
        || slug == name
        || file.state.lesson_id.as_deref() == Some(name)
        || number.as_deref() == Some(name)
}

/// What the database keeps of a validation.
fn measured(lesson: &ValidatedLesson) -> MeasuredLesson {
    let issue = |problem: &Problem| {
        json!({
            "code": problem.code.as_str(),
            "severity": problem.severity.as_str(),
            "line": problem.line,
            "message": problem.message,
            "hint": problem.hint,
        })
    };
    let score = &lesson.score;
    MeasuredLesson {
        path: lesson.path.clone(),
        content_hash: lesson.content_hash,
        measures: LessonMeasures {
            gps_score: Some(score.gps),
            didatica_score: Some(score.didactics),
            validation_status: Some(score.status.as_str().to_owned()),
            validation_issues: Some(score.issues.iter().map(issue).collect()),
            ..LessonMeasures::default()
        },
    }
}
