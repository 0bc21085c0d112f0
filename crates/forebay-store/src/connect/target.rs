//! The two kinds of database: a configured one, and the embedded cluster.

use std::{fmt, path::PathBuf};

/// Which database to use.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A configured database: `postgresql://user:password@host:port/database?sslmode=…`. Supported options have the
    /// same meaning as in libpq.
    Url(String),
    /// The embedded cluster in this data folder.
    Embedded {
        /// See [`crate::cluster::default_data_dir`].
        data_dir: PathBuf,
    },
}

impl fmt::Debug for Target {
    /// Omits the URL: it may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(..)"),
            Self::Embedded { data_dir } => f.debug_struct("Embedded").field("data_dir", data_dir).finish(),
        }
    }
}
