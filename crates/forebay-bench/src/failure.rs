//! How a benchmark fails: a stable code, a message and a hint.

use std::{error::Error, io, process::ExitCode};

use serde::Serialize;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    /// The benchmark failed.
    Failed = 1,
    /// Wrong usage, or a peer was not found.
    Usage = 2,
    DatabaseUnreachable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error as the user sees it. Its JSON form has the fields of every error of Forebay.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Always null: benchmarks read no file of the user.
    place: Option<String>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

impl Failure {
    /// A failure with this stable `lower_snake` code (exit code 1).
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, place: None, exit: Exit::Failed }
    }

    /// Something did not do what the benchmark relies on.
    pub(crate) fn bench(message: impl Into<String>) -> Self {
        Self::new("bench_failed", message)
    }

    /// Wrong usage (exit code 2).
    pub(crate) fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(code, message) }
    }

    /// A peer that was named is not there (exit code 2).
    pub(crate) fn peer_not_found(message: impl Into<String>) -> Self {
        Self::usage("peer_not_found", message)
    }

    /// Another error, with all its causes in the message. A cause whose text its parent already contains is left out,
    /// because some libraries print their source themselves.
    pub(crate) fn from_error(code: &'static str, error: &(dyn Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            next = cause.source();
        }
        Self::new(code, message)
    }

    /// Adds what to do next.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<forebay_store::Error> for Failure {
    fn from(error: forebay_store::Error) -> Self {
        forebay_engine::Error::from(error).into()
    }
}

impl From<forebay_engine::Error> for Failure {
    fn from(error: forebay_engine::Error) -> Self {
        let mut failure = Self::from_error(error.code(), &error);
        failure.hint = error.hint();
        if error.is_unreachable() {
            failure.exit = Exit::DatabaseUnreachable;
        } else if error.is_usage() {
            failure.exit = Exit::Usage;
        }
        failure
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        forebay_store::Error::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::from_error("bench_failed", &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_every_cause_once() {
        let unreachable = forebay_store::Error::ClusterFolder {
            action: "use",
            path: "/nowhere".into(),
            source: io::Error::other("disk full"),
        };
        let failure = Failure::from(unreachable);
        assert_eq!(failure.message.matches("disk full").count(), 1, "{}", failure.message);
    }
}
