//! What the self-check says: one check after the other, each with a stable code, a verdict, what was seen, and what to
//! do about it.

use serde::Serialize;

use crate::ui::{Page, Report, Tone};

/// How a check came out, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    Ok,
    Warning,
    Bad,
}

/// One check. Its fields are stable, its sentences are not.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) code: &'static str,
    /// The table, pipeline or session that it is about, if there is more than one of its kind.
    pub(super) subject: Option<String>,
    pub(super) verdict: Severity,
    pub(super) seen: String,
    pub(super) advice: Option<String>,
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

/// What is printed.
#[derive(Debug, Serialize)]
pub(super) struct DoctorReport {
    /// The worst of all.
    pub(super) verdict: Severity,
    pub(super) checks: Vec<Check>,
}

impl DoctorReport {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        let verdict = checks.iter().map(|check| check.verdict).max().unwrap_or(Severity::Ok);
        Self { verdict, checks }
    }

    fn count(&self, verdict: Severity) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }
}

impl Report for DoctorReport {
    fn write(&self, page: &mut Page) {
        for check in &self.checks {
            let (tone, word) = match check.verdict {
                Severity::Ok => (Tone::Good, "ok"),
                Severity::Warning => (Tone::Warning, "warning"),
                Severity::Bad => (Tone::Bad, "bad"),
            };
            let subject = check.subject.as_ref().map(|subject| format!(" {subject}")).unwrap_or_default();
            page.toned(tone, &format!("{word:7}  {}{subject}: {}", check.code, check.seen));
            if let Some(advice) = &check.advice {
                page.line(&format!("         {advice}"));
            }
        }
        page.line("");
        page.line(&format!(
            "{} ok, {} to look at, {} bad",
            self.count(Severity::Ok),
            self.count(Severity::Warning),
            self.count(Severity::Bad)
        ));
    }
}
