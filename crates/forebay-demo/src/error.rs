//! The errors of the demo, each with a stable code.

use std::io;

use thiserror::Error;

use crate::database::DATABASE;

/// What a step or the stage returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the demo ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine, or the store below it.
    #[error(transparent)]
    Engine(#[from] forebay_engine::Error),
    /// A claim does not hold.
    #[error("step {number} ({name}) does not hold: {claim}; found {found} instead of {expected}")]
    ClaimFailed {
        /// The step.
        number: usize,
        /// Its name.
        name: &'static str,
        /// What was claimed.
        claim: String,
        /// The value that was found.
        found: String,
        /// The value that the claim needs.
        expected: String,
    },
    /// The server has a database of the demo's name that no demo created.
    #[error("the server has a database {DATABASE} that no demo created")]
    DatabaseForeign,
    /// The role may not create a database.
    #[error("the demo needs a database of its own, {DATABASE}, and this role may not create one")]
    DatabaseRefused(#[source] forebay_store::Error),
    /// Another process uses the database of an earlier demo.
    #[error("the database {DATABASE} of an earlier demo is in use")]
    DatabaseInUse(#[source] forebay_store::Error),
    /// The site cannot be served.
    #[error("the demo site cannot be served on 127.0.0.1")]
    Site(#[source] io::Error),
    /// A stored payload is not JSON.
    #[error("a stored payload is not JSON")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::ClaimFailed { .. } => "demo_failed",
            Self::DatabaseForeign => "demo_database_foreign",
            Self::DatabaseRefused(_) => "demo_database_refused",
            Self::DatabaseInUse(_) => "demo_database_in_use",
            Self::Site(_) => "demo_site_failed",
            Self::Json(_) => "demo_json_invalid",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Engine(error) => return error.hint(),
            Self::ClaimFailed { .. } => {
                "this is a bug of Forebay; `forebay demo --keep` keeps the database for inspection"
            }
            Self::DatabaseForeign => {
                "the demo does not touch it; rename it, or name another server with --database-url"
            }
            Self::DatabaseRefused(_) => {
                "an administrator can grant it with `alter role … createdb`; without a configured database the demo \
                 uses a private Postgres"
            }
            Self::DatabaseInUse(_) => "stop the other demo, or close the connections to that database",
            Self::Site(_) | Self::Json(_) => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether the configuration is wrong, not the work.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::DatabaseForeign | Self::DatabaseRefused(_))
    }
}

impl From<forebay_store::Error> for Error {
    fn from(error: forebay_store::Error) -> Self {
        Self::Engine(error.into())
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        forebay_store::Error::from(error).into()
    }
}
