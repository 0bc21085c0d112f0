//! The address of the database, and what is made from it: copies, scripts, types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to connect to the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseUrl {
    /// The URL for programs that use libpq, without a password unless `--with-password` was given.
    pub url: String,
    /// Whether the connection needs a password, which the URL lacks.
    pub has_password: bool,
    /// Whether the database keeps running without a process of Forebay: it is configured, or `forebay db start` was
    /// called.
    pub is_kept: bool,
    /// The TCP port of 127.0.0.1 on which the private Postgres listens, with a password; null: none.
    pub port: Option<u16>,
    /// The file with the password for that port; null: none.
    pub password_file: Option<String>,
}

/// The migrations as SQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportedMigrations {
    /// One script with all of them, in order; null: they were written to files.
    pub sql: Option<String>,
    /// The files that apply them, in order; empty: the script was printed.
    pub files: Vec<String>,
    /// The files that revert them, in the order in which to run them.
    pub rollback_files: Vec<String>,
    /// The file with made-up data; null: it wasn't asked for.
    pub seed_file: Option<String>,
    /// Number of files that were written; the others existed already.
    pub num_written: u64,
}

/// Types of tables and views for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedTypes {
    /// The language.
    #[schemars(schema_with = "crate::words::types_language")]
    pub language: String,
    /// The schemas that are included, in order.
    pub schemas: Vec<String>,
    /// The file that was written; null: none.
    pub file: Option<String>,
    /// The generated text; null: it was written to a file.
    pub text: Option<String>,
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseBackup {
    /// Its file, in the custom format of `pg_dump`.
    pub file: String,
    /// Its size in bytes.
    pub num_bytes: u64,
    /// The major version of the server.
    pub server_major: u32,
    /// The major version of `pg_dump`. Restoring needs a `pg_restore` that is not older.
    pub tool_major: u32,
}

/// What a restored database contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseRestored {
    /// The file that was restored.
    pub file: String,
    /// The version of its schema.
    pub version: u32,
    /// Active references.
    pub num_active: u64,
    /// Removed references.
    pub num_removed: u64,
    /// Revisions.
    pub num_revisions: u64,
}
