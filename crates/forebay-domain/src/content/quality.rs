//! The validation of a lesson's text: its structure, its route (GPS) and its didactics.
//!
//! Each criterion is met or not, with the text that shows it. Criteria are found by headings and phrases in Portuguese,
//! Spanish and English; the table is data (`cues`). It is a check of form: it says that a lesson has a review, not that
//! the review is good.
//!
//! # The scoring rule
//!
//! A score is the sum of the weights of the criteria that are met.
//!
//! | GPS | weight | met by |
//! |---|---|---|
//! | `goal` | 0.4 | a section or a phrase |
//! | `position` | 0.3 | a section or a phrase |
//! | `steps` | 0.3 | a section or a phrase |
//!
//! | didactics | weight | met by |
//! |---|---|---|
//! | `hook` | 0.15 | a section or a phrase |
//! | `key_concepts` | 0.2 | a section or a phrase |
//! | `transition` | 0.1 | a section or a phrase |
//! | `reflective_question` | 0.15 | a section or a phrase, with a question mark in the section or paragraph |
//! | `analogy_or_diagram` | 0.15 | a section, a phrase, an image, or a code block in a language for diagrams |
//! | `structured_review` | 0.15 | a section with two list items, two subsections, or a table |
//! | `quick_action` | 0.1 | a section or a phrase |
//!
//! - A section counts if the section contains prose and its heading contains a phrase of the criterion. A phrase of one
//!   word must begin the heading, or follow a colon or a dash in it.
//! - Case, diacritics, punctuation and numbers at the start of headings don't matter. Phrases match whole words.
//! - Code, HTML, link targets and front matter are no prose. The text inside a diagram's code block is none either; the
//!   name of its language is what counts.
//! - Where sections stand does not matter.
//!
//! The status is `failed` if a score is below 0.5, or the text has an error of structure: no words, no headings, a code
//! block that is never closed, or front matter that cannot be read. It is `passed` if both scores are at least 0.7 and
//! there is no problem of structure. Else it is `warning`.

mod criteria;
mod cues;
mod evidence;
mod prose;
mod structure;
#[cfg(test)]
mod tests;

use crate::content::{
    Problem, ProblemCode, Severity, ValidationStatus, front_matter,
    lesson::{Lesson, LessonFields},
    markdown::Markdown,
};

pub use criteria::{Criterion, CriterionGroup};
pub use evidence::MAX_EVIDENCE_CHARS;

/// A score from here on passes.
pub const PASSED: f64 = 0.7;

/// A score below fails.
pub const FAILED: f64 = 0.5;

/// The validation of one lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// How well the lesson shows its route: 0 to 1.
    pub gps: f64,
    /// How well the lesson teaches: 0 to 1.
    pub didactics: f64,
    /// The result; never `pending`.
    pub status: ValidationStatus,
    /// Every criterion, in the order of [`Criterion::ALL`].
    pub criteria: Vec<CriterionResult>,
    /// Problems of structure, then criteria that are not met.
    pub issues: Vec<Problem>,
}

/// Whether a lesson meets a criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct CriterionResult {
    /// The criterion.
    pub criterion: Criterion,
    /// Whether it is met.
    pub is_met: bool,
    /// Its share of its score.
    pub weight: f64,
    /// The text that shows it, on one line, at most [`MAX_EVIDENCE_CHARS`] characters.
    pub evidence: Option<String>,
    /// The 1-based line of the evidence.
    pub line: Option<u32>,
}

/// Validates the file of a lesson: its front matter, then its text. `numbers` and `fields` as for [`Lesson::read`].
pub fn validate_lesson(
    path: &str,
    text: &str,
    numbers: Option<(u32, u32)>,
    fields: &LessonFields<'_>,
) -> (Lesson, Score) {
    let (lesson, mut issues) = Lesson::read(path, text, numbers, fields);
    let body = front_matter::split(text, path).map_or(0, |document| document.body.start);
    let mut score = validate(text, body, path);
    if issues.iter().any(|issue| issue.severity == Severity::Error) {
        score.status = ValidationStatus::Failed;
    } else if !issues.is_empty() && score.status == ValidationStatus::Passed {
        score.status = ValidationStatus::Warning;
    }
    issues.append(&mut score.issues);
    score.issues = issues;
    (lesson, score)
}

/// Validates the text of a lesson. `body` is the offset where its front matter ends; `path` is for the problems.
pub fn validate(text: &str, body: usize, path: &str) -> Score {
    let markdown = Markdown::scan(text, body);
    let mut issues = structure::problems(text, &markdown, path);
    let is_sound = issues.is_empty();
    let is_broken = issues.iter().any(|issue| issue.severity == Severity::Error);
    let (mut gps, mut didactics) = (0, 0);
    let mut criteria = Vec::with_capacity(Criterion::ALL.len());
    let evidence = evidence::find_all(text, body, &markdown);
    for (criterion, found) in Criterion::ALL.into_iter().zip(evidence) {
        match (&found, criterion.group()) {
            (None, _) => issues.push(missing(criterion, path)),
            (Some(_), CriterionGroup::Gps) => gps += criterion.percent(),
            (Some(_), CriterionGroup::Didactics) => didactics += criterion.percent(),
        }
        let (evidence, line) = found.map(|found| (found.quote, found.line)).unzip();
        let weight = share(criterion.percent());
        criteria.push(CriterionResult { criterion, is_met: evidence.is_some(), weight, evidence, line });
    }
    let (gps, didactics) = (share(gps), share(didactics));
    let lowest = gps.min(didactics);
    let status = if is_broken || lowest < FAILED {
        ValidationStatus::Failed
    } else if is_sound && lowest >= PASSED {
        ValidationStatus::Passed
    } else {
        ValidationStatus::Warning
    };
    Score { gps, didactics, status, criteria, issues }
}

/// Sums are computed in whole percents, so that equal sets of criteria have equal scores.
fn share(percent: u32) -> f64 {
    f64::from(percent) / 100.0
}

fn missing(criterion: Criterion, path: &str) -> Problem {
    let message = format!("the lesson has no {}", criterion.name());
    Problem::warning(ProblemCode::MissingSection, path, message).hint(criterion.advice())
}
