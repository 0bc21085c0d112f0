//! How the generation of lessons ended.

use std::time::Duration;

use forebay_domain::{
    content::{PersistMode, Problem, Severity, paths::RelativePath},
    handoff::FailureClass,
};

use super::super::{
    folder::Skipped,
    persister::{PersistCounts, Persisted},
};

/// The result of generating a course.
#[derive(Debug)]
pub struct GenerateReport {
    /// Whether the course is written to the database as well.
    pub mode: PersistMode,
    /// The lessons of the curriculum, in its order.
    pub lessons: Vec<LessonReport>,
    /// What is wrong with the curriculum, the folder and files.
    pub problems: Vec<Problem>,
    /// Entries of the folder that are not stored.
    pub skipped: Vec<Skipped>,
    /// What happened in the database.
    pub counts: PersistCounts,
    /// Names of measures that the database did not take. They are lost.
    pub unstored: Vec<String>,
    /// The result of the last write to the database, which compared the whole folder.
    pub persisted: Persisted,
    /// Whether somebody stopped it.
    pub is_stopped: bool,
    /// How long it took.
    pub elapsed: Duration,
}

/// A lesson of the curriculum.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonReport {
    /// The number of its module.
    pub module_number: u32,
    /// Its number in the module.
    pub lesson_number: u32,
    /// Its stable id.
    pub lesson_id: Option<String>,
    /// Its file; `None`: it cannot have one.
    pub path: Option<RelativePath>,
    /// Where the former bytes of its file are kept, if no sync had stored them.
    pub kept_as: Option<RelativePath>,
    /// How it ended.
    pub end: LessonEnd,
}

/// How the generation of a lesson ended.
#[derive(Clone, Debug, PartialEq)]
pub enum LessonEnd {
    /// It was complete already, or was not asked for.
    Kept,
    /// It was generated.
    Generated(Effort),
    /// It failed for good.
    Failed {
        /// The class of the last failure.
        class: FailureClass,
        /// Why, as a stable word.
        reason_code: String,
        /// Why, as a sentence.
        message: String,
        /// What it cost nevertheless.
        effort: Effort,
    },
    /// Its generation was stopped, or did not begin.
    Stopped,
}

/// What a lesson cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// How long its program ran, all attempts together.
    pub elapsed: Duration,
    /// What the program says it cost, all attempts together; `None`: it said nothing.
    pub cost: Option<f64>,
    /// Failed attempts before the last one.
    pub num_retries: u32,
}

impl GenerateReport {
    /// Whether every lesson that was asked for is there, no other program had changed one, and nothing is wrong with
    /// the curriculum or the folder. Ignores the database: a sync adds what it missed.
    pub fn is_complete(&self) -> bool {
        let is_missing =
            |lesson: &LessonReport| !matches!(lesson.end, LessonEnd::Kept | LessonEnd::Generated(_));
        !self.lessons.iter().any(|lesson| is_missing(lesson) || lesson.kept_as.is_some())
            && self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}
