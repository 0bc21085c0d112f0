//! Server errors that are safe to show.
//!
//! The driver prints "db error" and keeps the server's message in the source chain, including the detail line, which
//! quotes whole rows. Here the message and the SQLSTATE are shown, the detail isn't, and the chain ends, so no skin
//! prints a record's content. [`ServerError::driver`] has the complete error.

use std::{error::Error as _, fmt};

use tokio_postgres::error::{DbError, Severity, SqlState};

/// The classes of SQLSTATE that are about the data of a row: values, constraints, check options, limits such as the
/// size of an index row, and exceptions of triggers.
const DATA_CLASSES: [&str; 5] = ["22", "23", "44", "54", "P0"];

/// An error of the driver or of the server behind it.
#[derive(Debug)]
pub struct ServerError(tokio_postgres::Error);

impl From<tokio_postgres::Error> for ServerError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error)
    }
}

impl ServerError {
    /// The driver's own error. It may quote data: do not print it.
    pub fn driver(&self) -> &tokio_postgres::Error {
        &self.0
    }

    /// The five-character SQLSTATE, if the server itself answered.
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.code().map(SqlState::code)
    }

    /// The name of the constraint that refused the write, if any.
    pub fn constraint(&self) -> Option<&str> {
        self.0.as_db_error().and_then(DbError::constraint)
    }

    /// Whether the data of a row was refused, so another row may be accepted.
    pub fn is_about_data(&self) -> bool {
        is_about_data(&self.0)
    }

    /// Whether only the statement failed, and the connection is still there. The SQLSTATE doesn't tell: a trigger may
    /// raise any.
    pub fn is_of_statement(&self) -> bool {
        self.0.as_db_error().and_then(DbError::parsed_severity) == Some(Severity::Error)
    }

    /// Whether the database can't be reached: no connection, a broken one, a server that is starting or stopping, a
    /// refused login, or a missing database.
    pub fn is_unreachable(&self) -> bool {
        match self.sqlstate() {
            Some("57P01" | "57P02" | "57P03" | "3D000" | "53300") => true,
            Some(state) => state.starts_with("08") || state.starts_with("28"),
            None => self.0.is_closed() || self.io().is_some(),
        }
    }

    /// Whether the same statement may succeed later: the server lacks room, memory or rights to write for now, or
    /// another transaction was in the way.
    pub fn may_pass(&self) -> bool {
        let is_passing =
            |state: &str| ["25", "40", "53", "55", "57"].iter().any(|class| state.starts_with(class));
        self.is_unreachable() || self.sqlstate().is_some_and(is_passing)
    }

    /// The table in schema `forebay` that the server reports as missing.
    pub(super) fn missing_table(&self) -> Option<&str> {
        if self.sqlstate() != Some("42P01") {
            return None;
        }
        // Only the message contains the name, and its wording depends on the server's language.
        let (_, name) = self.0.as_db_error()?.message().split_once("forebay.")?;
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
        Some(&name[..end])
    }

    /// Whether the TLS handshake failed.
    pub(crate) fn is_tls(&self) -> bool {
        // The driver hides the kind of its errors. Only the message identifies this one, and a test pins that message.
        self.0.to_string() == "error performing TLS handshake"
    }

    /// The stable code of a server error.
    pub(super) fn kind(&self) -> &'static str {
        match self.sqlstate() {
            // No lock in time; canceled.
            Some("55P03" | "57014") => "database_timeout",
            _ if self.is_unreachable() => "database_unreachable",
            _ => "database_refused",
        }
    }

    fn io(&self) -> Option<&std::io::Error> {
        self.0.source().and_then(|source| source.downcast_ref())
    }
}

/// Whether an error of the driver is about the data of a row.
pub(crate) fn is_about_data(error: &tokio_postgres::Error) -> bool {
    let sqlstate = error.code().map(SqlState::code);
    sqlstate.is_some_and(|state| DATA_CLASSES.iter().any(|class| state.starts_with(class)))
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(server) = self.0.as_db_error() {
            return write!(f, "{} (SQLSTATE {})", server.message(), server.code().code());
        }
        match self.0.source() {
            Some(source) => write!(f, "{}: {source}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl std::error::Error for ServerError {}
