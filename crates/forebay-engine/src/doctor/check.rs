//! One check of the self-check.

forebay_domain::words! {
    /// The status of a check, the worst last.
    pub enum CheckStatus {
        /// No problem.
        Ok = "ok",
        /// A problem that may grow.
        Warning = "warning",
        /// A problem that needs repair.
        Failed = "failed",
    }
}

/// One check. The code is stable, the sentences are not.
#[derive(Clone, Debug)]
pub struct Check {
    /// The kind of check, as a stable word.
    pub code: &'static str,
    /// The table, pipeline or session that was checked; `None`: the check has only one subject.
    pub subject: Option<String>,
    /// The result.
    pub status: CheckStatus,
    /// The observation, as a sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The command to type next.
    pub next: Option<String>,
}

/// The worst status of some checks.
pub fn worst<'a>(checks: impl IntoIterator<Item = &'a Check>) -> CheckStatus {
    checks.into_iter().map(|check| check.status).max().unwrap_or(CheckStatus::Ok)
}

impl Check {
    pub(super) fn new(code: &'static str, status: CheckStatus, message: impl Into<String>) -> Self {
        Self { code, subject: None, status, message: message.into(), hint: None, next: None }
    }

    pub(super) fn ok(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, CheckStatus::Ok, message)
    }

    pub(super) fn about(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    pub(super) fn next(self, command: impl Into<String>) -> Self {
        Self { next: Some(command.into()), ..self }
    }

    /// The hint is to run a command, which is also the one to type next.
    pub(super) fn run(self, command: impl Into<String>) -> Self {
        let command = command.into();
        self.hint(format!("run `{command}`")).next(command)
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
