//! One check of the self-check.

/// How a check came out, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is well.
    Ok,
    /// It should be looked at.
    Warning,
    /// It needs to be repaired.
    Bad,
}

/// One check. Its code is stable, its sentences are not.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was checked, as a stable word.
    pub code: &'static str,
    /// The table, pipeline or session that was checked; `None`: there is only one.
    pub subject: Option<String>,
    /// How it came out.
    pub verdict: Severity,
    /// What was seen.
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
