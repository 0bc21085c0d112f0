//! One check of the self-check.

/// The severity of a result, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No problem.
    Ok,
    /// Needs attention.
    Warning,
    /// Needs repair.
    Bad,
}

/// One check. The code is stable, the sentences are not.
#[derive(Clone, Debug)]
pub struct Check {
    /// The kind of check, as a stable word.
    pub code: &'static str,
    /// The table, pipeline or session that was checked; `None`: the check has only one subject.
    pub subject: Option<String>,
    /// The result.
    pub verdict: Severity,
    /// The observation, as a sentence.
    pub seen: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Check {
    pub(super) fn new(code: &'static str, verdict: Severity, seen: impl Into<String>) -> Self {
        Self { code, subject: None, verdict, seen: seen.into(), advice: None }
    }

    pub(super) fn ok(code: &'static str, seen: impl Into<String>) -> Self {
        Self::new(code, Severity::Ok, seen)
    }

    pub(super) fn about(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    pub(super) fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}
