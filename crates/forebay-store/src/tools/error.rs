//! Why a client program of Postgres failed.

use std::io;

use thiserror::Error;

/// A client program of Postgres is missing or failed.
#[derive(Debug, Error)]
pub enum ToolError {
    /// `tools_missing`: no installed program fits the server.
    #[error("no `{name}` of version {server_major} or later is installed, as the server needs")]
    Missing {
        /// The program.
        name: &'static str,
        /// The server's major version.
        server_major: u32,
    },
    /// `tool_failed`: it could not be started or waited for.
    #[error("`{name}` can't be run")]
    NotRun {
        /// The program.
        name: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// `tool_failed`: it ended with an error.
    #[error("`{name}` failed: {said}")]
    Failed {
        /// The program.
        name: &'static str,
        /// The end of its standard error.
        said: String,
    },
    /// `tool_failed`: a backup was read only in part.
    #[error("the backup was not read to its end")]
    Incomplete,
}

impl ToolError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "tools_missing",
            Self::NotRun { .. } | Self::Failed { .. } | Self::Incomplete => "tool_failed",
        }
    }

    /// Whether the user has to change something before a retry can succeed.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// What to do next, if that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { server_major, .. } => Some(format!(
                "install the client programs of Postgres {server_major}: `apt install \
                 postgresql-client-{server_major}`, `dnf install postgresql{server_major}` or `brew install \
                 postgresql@{server_major}`"
            )),
            Self::Failed { name: "pg_restore", .. } => Some(
                "the file is no backup, is damaged, or was written by a newer pg_dump: install its client programs"
                    .to_owned(),
            ),
            Self::NotRun { .. } | Self::Failed { .. } | Self::Incomplete => None,
        }
    }
}
