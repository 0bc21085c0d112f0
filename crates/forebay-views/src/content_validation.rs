//! The validation of lessons: scores, with the evidence for each criterion.

use forebay_domain::content::{ValidationStatus, quality::CriterionResult};
use forebay_engine::content as engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{content::ContentProblem, content_written::ContentPersisted, error::Error};

/// The validation of lessons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentValidation {
    /// Whether every lesson can be read and none failed.
    pub is_passed: bool,
    /// Lessons that passed.
    pub num_passed: u64,
    /// Lessons that somebody should look at.
    pub num_warning: u64,
    /// Lessons that failed.
    pub num_failed: u64,
    /// The lessons, by path.
    pub lessons: Vec<ContentLessonValidation>,
    /// Lessons that cannot be read.
    pub problems: Vec<ContentProblem>,
    /// The result for the scores in the database.
    pub database: ContentPersisted,
}

/// A validated lesson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentLessonValidation {
    /// Its path in the course folder.
    pub path: String,
    /// Its id; null: its front matter has none.
    pub lesson_id: Option<String>,
    /// The number of its module; null: it has none.
    pub module: Option<u32>,
    /// Its number in the module; null: it has none.
    pub lesson: Option<u32>,
    /// Its title; null: it has none.
    pub title: Option<String>,
    /// The result.
    #[schemars(schema_with = "crate::words::validation_status")]
    pub validation_status: String,
    /// How clearly goal, position and steps are stated, 0 to 1.
    pub gps_score: f64,
    /// How many elements of good teaching the text has, 0 to 1.
    pub didatica_score: f64,
    /// Every criterion.
    pub criteria: Vec<ContentCriterion>,
    /// Problems of structure, then criteria that are not met.
    pub issues: Vec<ContentProblem>,
}

/// Whether a lesson meets a criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentCriterion {
    /// The criterion.
    #[schemars(schema_with = "crate::words::criterion")]
    pub criterion: String,
    /// The score that it belongs to.
    #[schemars(schema_with = "crate::words::criterion_group")]
    pub score: String,
    /// Whether it is met.
    pub is_met: bool,
    /// Its share of its score.
    pub weight: f64,
    /// The text that shows it; null: it is not met.
    pub evidence: Option<String>,
    /// The file and the line of the evidence: `lessons/1.1-intro.md:4`; null: it is not met.
    pub place: Option<String>,
}

impl ContentValidation {
    /// Validated lessons. `failed` makes the error of a code and a message.
    pub fn new(report: engine::ValidationReport, failed: impl FnOnce(&'static str, String) -> Error) -> Self {
        let is_passed = report.is_passed();
        let engine::ValidationReport { lessons, problems, persisted } = report;
        let count = |status| lessons.iter().filter(|lesson| lesson.score.status == status).count() as u64;
        Self {
            is_passed,
            num_passed: count(ValidationStatus::Passed),
            num_warning: count(ValidationStatus::Warning),
            num_failed: count(ValidationStatus::Failed),
            lessons: lessons.into_iter().map(ContentLessonValidation::from).collect(),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
            database: ContentPersisted::new(persisted, failed),
        }
    }
}

impl From<engine::ValidatedLesson> for ContentLessonValidation {
    fn from(validated: engine::ValidatedLesson) -> Self {
        let engine::ValidatedLesson { path, number, lesson, score, .. } = validated;
        let (module, number) = number.unzip();
        Self {
            lesson_id: lesson.lesson_id,
            module,
            lesson: number,
            title: lesson.title,
            validation_status: score.status.as_str().to_owned(),
            gps_score: score.gps,
            didatica_score: score.didactics,
            criteria: score.criteria.into_iter().map(|result| criterion(&path, result)).collect(),
            issues: score.issues.into_iter().map(ContentProblem::from).collect(),
            path,
        }
    }
}

fn criterion(path: &str, result: CriterionResult) -> ContentCriterion {
    ContentCriterion {
        criterion: result.criterion.as_str().to_owned(),
        score: result.criterion.group().as_str().to_owned(),
        is_met: result.is_met,
        weight: result.weight,
        evidence: result.evidence,
        place: result.line.map(|line| format!("{path}:{line}")),
    }
}
