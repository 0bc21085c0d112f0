//! What the self-check finds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// All is well.
    Ok,
    /// It should be looked at.
    Warning,
    /// It needs to be repaired.
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

/// One check. Its code is stable, its sentences are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was checked, as a stable word.
    pub code: String,
    /// The table, pipeline or session that was checked; null: there is only one.
    pub subject: Option<String>,
    /// How it came out.
    pub verdict: Severity,
    /// What was seen.
    pub seen: String,
    /// What to do; null: nothing.
    pub advice: Option<String>,
}

impl Check {
    /// A check without subject and advice.
    pub fn new(code: &str, verdict: Severity, seen: impl Into<String>) -> Self {
        Self { code: code.to_owned(), subject: None, verdict, seen: seen.into(), advice: None }
    }

    /// A check that found nothing to do.
    pub fn ok(code: &str, seen: impl Into<String>) -> Self {
        Self::new(code, Severity::Ok, seen)
    }

    /// The same check of one of several subjects.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// The same check with what to do.
    #[must_use]
    pub fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl From<Vec<Check>> for Doctor {
    fn from(checks: Vec<Check>) -> Self {
        let verdict = checks.iter().map(|check| check.verdict).max().unwrap_or(Severity::Ok);
        Self { verdict, checks }
    }
}
