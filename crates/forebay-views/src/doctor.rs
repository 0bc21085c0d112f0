//! The results of the self-check.

use forebay_engine::doctor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The severity of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No problem.
    Ok,
    /// Needs attention.
    Warning,
    /// Needs repair.
    Bad,
}

/// All checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doctor {
    /// The worst verdict of all checks.
    pub verdict: Severity,
    /// The checks.
    pub checks: Vec<Check>,
}

/// One check. The code is stable, the sentences are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The kind of check, as a stable word.
    pub code: String,
    /// The table, pipeline or session that was checked; null: the check has only one subject.
    pub subject: Option<String>,
    /// The result.
    pub verdict: Severity,
    /// The observation, as a sentence.
    pub seen: String,
    /// What to do; null: nothing.
    pub advice: Option<String>,
}

impl From<doctor::Severity> for Severity {
    fn from(severity: doctor::Severity) -> Self {
        match severity {
            doctor::Severity::Ok => Self::Ok,
            doctor::Severity::Warning => Self::Warning,
            doctor::Severity::Bad => Self::Bad,
        }
    }
}

impl From<doctor::Check> for Check {
    fn from(check: doctor::Check) -> Self {
        Self {
            code: check.code.to_owned(),
            subject: check.subject,
            verdict: check.verdict.into(),
            seen: check.seen,
            advice: check.advice,
        }
    }
}

impl From<Vec<doctor::Check>> for Doctor {
    fn from(checks: Vec<doctor::Check>) -> Self {
        let checks: Vec<Check> = checks.into_iter().map(Check::from).collect();
        let verdict = checks.iter().map(|check| check.verdict).max().unwrap_or(Severity::Ok);
        Self { verdict, checks }
    }
}
