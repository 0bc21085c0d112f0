//! Exit codes, and the one form in which users see every error.
//!
//! Library crates have their own error enums with a stable `code()` and a `hint()`; each has one `From` here. A failure
//! never contains a secret: its text passes through [`forebay_domain::redact`] when it is created.

use std::{error::Error, fmt, path::Path, process::ExitCode};

use forebay_domain::{redact::redact, run::RunStatus};
use forebay_store::tools::ToolError;

use crate::ErrorDocument;

/// The exit codes, which scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The work failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// A run is held by a guard.
    Held = 3,
    /// The database is unreachable.
    DatabaseUnreachable = 4,
    /// A source is unavailable: its breaker is open, it failed, or there is no data to serve.
    Unavailable = 5,
    /// A run is partial: part of its input was unreadable or missing, and no unseen record was removed.
    Partial = 6,
    /// Stopped by Ctrl-C or SIGTERM; the code that shells use.
    Interrupted = 130,
}

impl Exit {
    /// The exit code of runs with these statuses: that of the worst.
    pub fn of_runs<'a>(statuses: impl IntoIterator<Item = &'a str>) -> Self {
        statuses.into_iter().fold(Self::Done, |worst, status| match (RunStatus::parse(status), worst) {
            (Some(RunStatus::Failed), _) | (_, Self::Failed) => Self::Failed,
            (Some(RunStatus::Held), _) | (_, Self::Held) => Self::Held,
            (Some(RunStatus::Partial), _) | (_, Self::Partial) => Self::Partial,
            _ => Self::Done,
        })
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error as the user sees it.
#[derive(Debug)]
pub struct Failure {
    code: &'static str,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    place: Option<String>,
    exit: Exit,
}

/// The code for a closed output (`forebay export | head`), which is not shown as an error.
const OUTPUT_CLOSED: &str = "output_closed";

impl Failure {
    /// A failure of the work itself (exit code 1). `code` is a stable `lower_snake` word.
    pub fn new(code: &'static str, message: impl AsRef<str>) -> Self {
        Self {
            code,
            message: redact(message.as_ref()),
            causes: Vec::new(),
            hint: None,
            place: None,
            exit: Exit::Failed,
        }
    }

    /// A failure of usage or configuration (exit code 2).
    pub fn usage(code: &'static str, message: impl AsRef<str>) -> Self {
        Self::new(code, message).exit(Exit::Usage)
    }

    /// A write to standard output or a file failed.
    pub fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(OUTPUT_CLOSED, "the output was closed").exit(Exit::Done);
        }
        Self::new("output_failed", "could not write the output").because(error)
    }

    /// A file can't be read, written or created.
    pub fn file(action: &str, file: &Path, error: &std::io::Error) -> Self {
        Self::new("output_failed", format!("{} can't be {action}", file.display())).because(error)
    }

    /// A library's error with its source chain as causes.
    pub fn from_error(code: &'static str, error: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(code, error.to_string());
        if let Some(source) = error.source() {
            failure = failure.because(source);
        }
        failure
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(redact(hint.as_ref()));
        self
    }

    /// Without the hint for an unknown name, which may say what else exists.
    #[must_use]
    pub fn without_names(mut self) -> Self {
        if self.code.starts_with("no_such_") {
            self.hint = None;
        }
        self
    }

    /// Adds a sentence to what to do next.
    #[must_use]
    pub fn hint_more(self, sentence: impl AsRef<str>) -> Self {
        let hint = self.hint.as_deref().map_or(String::new(), |hint| format!("{hint} "));
        self.hint(format!("{hint}{}", sentence.as_ref()))
    }

    /// Sets the exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Adds an error and its source chain. Skips a cause whose text the previous one already contains, because some
    /// libraries print their source themselves.
    #[must_use]
    pub fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = redact(&error.to_string());
            let parent = self.causes.last().unwrap_or(&self.message);
            if !parent.contains(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// The exit code that the process ends with.
    pub fn exit_code(&self) -> Exit {
        self.exit
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Whether to print nothing, because the output is closed.
    pub fn is_silent(&self) -> bool {
        self.code == OUTPUT_CLOSED
    }

    /// The message with its causes, in one line.
    pub fn full_message(&self) -> String {
        let mut message = self.message.clone();
        for cause in &self.causes {
            message.push_str(": ");
            message.push_str(cause);
        }
        message
    }

    /// The document that `--output json` prints. The causes are part of the message.
    pub fn document(&self) -> ErrorDocument {
        ErrorDocument { error: self.view() }
    }

    /// The error in the form of every document.
    pub fn view(&self) -> crate::Error {
        crate::Error {
            code: self.code.to_owned(),
            message: self.full_message(),
            hint: self.hint.clone(),
            place: self.place.clone(),
        }
    }

    /// Adds where the error occurred, such as a line of a file.
    #[must_use]
    pub fn place(mut self, place: impl AsRef<str>) -> Self {
        self.place = Some(redact(place.as_ref()));
        self
    }
}

impl From<forebay_store::Error> for Failure {
    fn from(error: forebay_store::Error) -> Self {
        forebay_engine::Error::from(error).into()
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        let mut failure = Self::from_error(error.code(), &error);
        if let Some(hint) = error.hint() {
            failure = failure.hint(hint);
        }
        if error.is_usage() { failure.exit(Exit::Usage) } else { failure }
    }
}

impl From<forebay_engine::Error> for Failure {
    fn from(error: forebay_engine::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&forebay_engine::Error> for Failure {
    fn from(error: &forebay_engine::Error) -> Self {
        let mut failure = Self::from_error(error.code(), error);
        if let Some(hint) = error.hint() {
            failure = failure.hint(hint);
        }
        if let Some(place) = error.place() {
            failure = failure.place(place);
        }
        let exit = match error {
            forebay_engine::Error::Interrupted => Exit::Interrupted,
            error if error.is_unreachable() => Exit::DatabaseUnreachable,
            error if error.is_usage() => Exit::Usage,
            error if error.is_unavailable() => Exit::Unavailable,
            _ => Exit::Failed,
        };
        failure.exit(exit)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        for cause in &self.causes {
            write!(f, "\n  because: {}", cause.replace('\n', "\n    "))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read the file")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    fn document(failure: &Failure) -> serde_json::Value {
        serde_json::to_value(failure.document()).unwrap()
    }

    #[test]
    fn causes_and_hint_are_shown_in_order() {
        let error = Outer(io::Error::other("disk on fire"));
        let failure = Failure::new("run_failed", "the run failed").because(&error).hint("call somebody");
        insta::assert_snapshot!(failure, @r"
        error[run_failed]: the run failed
          because: cannot read the file
          because: disk on fire
        hint: call somebody
        ");
        assert_eq!(
            document(&failure),
            serde_json::json!({ "error": {
                "code": "run_failed",
                "message": "the run failed: cannot read the file: disk on fire",
                "hint": "call somebody",
                "place": null,
            }})
        );
    }

    #[test]
    fn passwords_do_not_survive() {
        let error = io::Error::other("connecting to postgres://me:hunter2@db/x");
        let failure =
            Failure::from_error("database_unreachable", &error).hint("try postgres://me:hunter2@db/x");
        assert!(!failure.to_string().contains("hunter2"));
        assert!(!document(&failure).to_string().contains("hunter2"));
    }

    #[test]
    fn a_closed_pipe_ends_quietly() {
        let failure = Failure::output(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(failure.is_silent());
        assert_eq!(failure.exit_code(), Exit::Done);
        assert!(!Failure::output(&io::Error::from(io::ErrorKind::StorageFull)).is_silent());
    }
}
