//! Every error of this crate, with its stable code.

use std::{io, path::PathBuf, time::Duration};

use super::{server::ServerError, text};
use crate::{content::TableDifference, migrations::list, runs::scope_holder::ScopeHolder};

/// An error of Forebay's Postgres database or embedded cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No supported server programs were found.
    #[error("no PostgreSQL {} to {} is installed on this machine", .supported.start(), .supported.end())]
    ClusterBinariesMissing {
        /// The supported major versions.
        supported: std::ops::RangeInclusive<u32>,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// The data folder's major version is not installed or not supported.
    #[error(
        "the data folder {} was created by PostgreSQL {found}, but this machine has {}",
        .data_dir.display(), text::versions(.installed)
    )]
    ClusterVersionMismatch {
        /// The data folder.
        data_dir: PathBuf,
        /// The major version that created it.
        found: u32,
        /// The supported major versions found on this machine, newest first.
        installed: Vec<u32>,
    },
    /// A new data folder could not be created.
    #[error("a new data folder could not be initialised: {reason}")]
    ClusterInit {
        /// The last lines printed by `initdb`.
        reason: String,
    },
    /// The embedded server did not start.
    #[error("the embedded PostgreSQL did not start: {reason}{}", text::tail(.log_tail))]
    ClusterStart {
        /// What happened.
        reason: String,
        /// Where the server writes its log.
        log: PathBuf,
        /// The last lines of that log.
        log_tail: String,
    },
    /// The embedded server did not stop in time.
    #[error("the embedded PostgreSQL in {} did not stop within {seconds} seconds", .data_dir.display())]
    ClusterStop {
        /// The data folder.
        data_dir: PathBuf,
        /// How long Forebay waited.
        seconds: u64,
    },
    /// The data folder belongs to another user, or only another user can access it.
    #[error("{user} may not use {}: {reason}", .path.display())]
    ClusterForbidden {
        /// The inaccessible folder or file.
        path: PathBuf,
        /// The user who was refused.
        user: String,
        /// The reason.
        reason: String,
    },
    /// A file or folder of the embedded cluster could not be read or written.
    #[error("could not {action} {}", .path.display())]
    ClusterFolder {
        /// The operation, such as `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// There is no home directory for the data folder.
    #[error("there is no home directory for the embedded database")]
    NoDataDir,
    /// The connection URL is invalid. The URL itself is omitted: it may contain a password.
    #[error("the database URL cannot be used: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// `SUPABASE_URL` leads to no database. Only a host is shown: the text may be a connection string.
    #[error("SUPABASE_URL cannot be used: {reason}")]
    SupabaseUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// `SUPABASE_URL` without the password of the project's database.
    #[error(
        "SUPABASE_URL{} to the project's API, but its database needs a password",
        .key.map_or_else(|| " leads".into(), |key| format!(" and {key} give access"))
    )]
    SupabasePasswordMissing {
        /// The variable that holds a key of the API, if one is set.
        key: Option<&'static str>,
    },
    /// An environment variable that isn't UTF-8.
    #[error("the environment variable {name} is not UTF-8")]
    VariableNotUtf8 {
        /// The variable.
        name: &'static str,
    },
    /// The database did not answer, or refused the connection.
    #[error("the database {target} cannot be reached")]
    Unreachable {
        /// Host, port, database and user; never the password.
        target: String,
        /// The error of the server or the network.
        source: ServerError,
    },
    /// The database did not answer in time.
    #[error("the database {target} did not answer within {seconds} seconds")]
    UnreachableInTime {
        /// Host, port, database and user; never the password.
        target: String,
        /// How long Forebay waited.
        seconds: u64,
    },
    /// The encrypted connection could not be set up.
    #[error("the encrypted connection to the database could not be set up: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
        /// The error of the TLS library or the file system, if any.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The database has no Forebay schema, or an old one.
    #[error("the database is missing {} of Forebay's migrations", .pending)]
    SchemaMissing {
        /// Number of migrations not applied.
        pending: usize,
    },
    /// The database was migrated by a newer Forebay.
    #[error("the database is at schema version {found}, but this Forebay only knows versions up to {known}")]
    SchemaNewer {
        /// The newest version found in the database.
        found: u32,
        /// The newest version that this program contains.
        known: u32,
    },
    /// An applied migration differs from the one in this program.
    #[error("migration {version} ({name}) differs from the one that was applied to the database")]
    MigrationDrift {
        /// The migration's number.
        version: u32,
        /// Its name.
        name: String,
    },
    /// Another role owns a schema or table of Forebay, so it could change what Forebay runs.
    #[error("{reason}")]
    SchemaForeign {
        /// What it owns.
        reason: String,
        /// What to do, with the names quoted for SQL.
        hint: Option<String>,
    },
    /// Objects of the user depend on what a revert would drop.
    #[error("other objects depend on what would be dropped: {}", .dependents.join("; "))]
    SchemaInUse {
        /// The objects, each with what it depends on.
        dependents: Vec<String>,
    },
    /// A migration failed; its transaction was rolled back.
    #[error("the {direction} step of migration {version} ({name}) failed and was rolled back")]
    MigrationFailed {
        /// The migration's number.
        version: u32,
        /// Its name.
        name: String,
        /// `up` or `down`.
        direction: &'static str,
        /// The server's error.
        source: ServerError,
    },
    /// The server refused a statement, or the connection broke.
    #[error(transparent)]
    Postgres(ServerError),
    /// The run is no longer the caller's: it was closed, or another process took it over.
    #[error("the run {run_id} was taken over or closed by another process")]
    RunLost {
        /// The run.
        run_id: i64,
    },
    /// The lease on the scope expired, and another process took it.
    #[error("another process took over the scope, because this one was silent for longer than its lease")]
    ScopeLost,
    /// The work needs a session of its own, which a pooler in transaction mode doesn't give.
    #[error("{what} needs a session of its own, but {target} is a pooler in transaction mode")]
    TransactionPooler {
        /// Host, port, database and user.
        target: String,
        /// The work.
        what: &'static str,
    },
    /// Another run held the scope for longer than this one was to wait.
    #[error("the scope is locked by {holder}; gave up after {} s", waited.as_secs())]
    ScopeBusy {
        /// Who holds it.
        holder: Box<ScopeHolder>,
        /// How long this run waited.
        waited: Duration,
    },
    /// The user's own tables for courses do not fit.
    #[error("the tables of [content.tables] do not fit: {}", joined(differences))]
    ContentTables {
        /// All differences.
        differences: Vec<TableDifference>,
    },
    /// A Forebay table is missing: a migration was not applied, or the table was dropped.
    #[error("the table forebay.{table} is missing; migration {migration} creates it")]
    TableMissing {
        /// The table, without its schema.
        table: String,
        /// The migration's file name, without its extension.
        migration: String,
    },
    /// A statement doesn't return a column that is read from its rows.
    #[error("the result has no column {column}")]
    ColumnMissing {
        /// The column's name.
        column: &'static str,
    },
    /// A column contains a word that this program doesn't know.
    #[error("the column {column} contains the unknown word {word:?}")]
    UnknownWord {
        /// The column's name in the statement that read it.
        column: &'static str,
        /// The word that was read.
        word: String,
    },
    /// The value of a column has another type than expected.
    #[error("cannot read the column {column}")]
    Column {
        /// The column's name.
        column: &'static str,
        /// The driver's error.
        source: ServerError,
    },
    /// The name of a table or column is not allowed.
    #[error("{name:?} cannot be used as a name here: {reason}")]
    NameRefused {
        /// What was given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A profile would replace something of the user's, or its schema or role does not fit.
    #[error("the profile cannot be created: {relation} {reason}")]
    ProfileRefused {
        /// The relation.
        relation: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A view of an entity would replace something of the user's, or its schema or role does not fit.
    #[error("the views of the entity cannot be created: {relation} {reason}")]
    EntityRefused {
        /// The relation.
        relation: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database has no publication of Supabase Realtime.
    #[error("this database has no publication supabase_realtime")]
    RealtimeMissing,
    /// A table can't be added to the publication or taken out of it.
    #[error("the table {table} {reason}")]
    RealtimeRefused {
        /// The table, as it was given.
        table: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The user's own table can't be written.
    #[error("the table {table} cannot be written: {reason}")]
    TableUnusable {
        /// The table.
        table: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The user's own table was renamed, dropped, replaced or altered while a worker used it.
    #[error("the table {table} changed while a worker used it: {reason}")]
    TableChanged {
        /// The table.
        table: String,
        /// What changed.
        reason: String,
    },
    /// A table that a pipeline has filled doesn't exist, or another table has its name.
    #[error(
        "the table {table} is gone, and with it what this pipeline has written to it{}",
        if *is_replaced { "; another table has its name now" } else { "" }
    )]
    TableGone {
        /// The table.
        table: String,
        /// Whether another table has its name.
        is_replaced: bool,
    },
    /// The embedded server can't listen on the port that an operator asked for.
    #[error("another program has taken the port {port} of 127.0.0.1")]
    ClusterPort {
        /// The port.
        port: u16,
    },
    /// In use by another process; a retry may succeed.
    #[error("{what} is in use")]
    Busy {
        /// What is in use.
        what: String,
    },
}

impl Error {
    /// The stable word for this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ClusterBinariesMissing { .. } => "cluster_binaries_missing",
            Self::ClusterVersionMismatch { .. } => "cluster_version_mismatch",
            Self::ClusterInit { .. } => "cluster_init_failed",
            Self::ClusterStart { .. } => "cluster_start_failed",
            Self::ClusterStop { .. } => "cluster_stop_failed",
            Self::ClusterForbidden { .. } => "cluster_forbidden",
            Self::ClusterFolder { .. } => "cluster_folder",
            Self::NoDataDir => "no_data_dir",
            Self::Url { .. } => "database_url_invalid",
            Self::SupabaseUrl { .. } => "supabase_url_invalid",
            Self::SupabasePasswordMissing { .. } => "supabase_password_missing",
            Self::VariableNotUtf8 { .. } => "variable_not_utf8",
            Self::Unreachable { .. } | Self::UnreachableInTime { .. } => "database_unreachable",
            Self::Tls { .. } => "database_tls",
            Self::SchemaMissing { .. } | Self::TableMissing { .. } => "schema_missing",
            Self::SchemaNewer { .. } => "schema_newer",
            Self::MigrationDrift { .. } => "migration_drift",
            Self::SchemaForeign { .. } => "schema_foreign",
            Self::SchemaInUse { .. } => "schema_in_use",
            Self::MigrationFailed { .. } => "migration_failed",
            Self::Postgres(error) => error.kind(),
            Self::RunLost { .. } => "run_lost",
            Self::ScopeLost => "scope_lost",
            Self::TransactionPooler { .. } => "transaction_pooler",
            Self::ScopeBusy { .. } => "scope_busy",
            Self::UnknownWord { .. } => "unknown_word",
            Self::Column { .. } | Self::ColumnMissing { .. } => "column_unreadable",
            Self::NameRefused { .. } => "name_refused",
            Self::ProfileRefused { .. } => "profile_refused",
            Self::EntityRefused { .. } => "entity_refused",
            Self::RealtimeMissing => "realtime_missing",
            Self::RealtimeRefused { .. } => "realtime_refused",
            Self::TableUnusable { .. } => "table_unusable",
            Self::TableChanged { .. } => "table_changed",
            Self::TableGone { .. } => "table_gone",
            Self::ContentTables { .. } => "content_tables_mismatch",
            Self::ClusterPort { .. } => "cluster_port_taken",
            Self::Busy { .. } => "busy",
        }
    }

    /// Whether the database is configured wrongly, which no retry changes.
    pub fn is_misconfigured(&self) -> bool {
        matches!(
            self,
            Self::Url { .. }
                | Self::SupabaseUrl { .. }
                | Self::SupabasePasswordMissing { .. }
                | Self::VariableNotUtf8 { .. }
                | Self::TransactionPooler { .. }
        )
    }

    /// Whether no database could be reached, as opposed to a database that refused something.
    ///
    /// The command line then exits with code 4.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::ClusterBinariesMissing { .. }
            | Self::ClusterVersionMismatch { .. }
            | Self::ClusterInit { .. }
            | Self::ClusterStart { .. }
            | Self::ClusterForbidden { .. }
            | Self::ClusterFolder { .. }
            | Self::Unreachable { .. }
            | Self::UnreachableInTime { .. }
            | Self::Tls { .. } => true,
            Self::Postgres(error) => error.is_unreachable(),
            Self::MigrationFailed { source, .. } => source.is_unreachable(),
            _ => false,
        }
    }

    /// The server's error, if there is one.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Postgres(error) => Some(error),
            Self::Unreachable { source, .. } | Self::MigrationFailed { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the database refused the data of a row, so another row may be accepted.
    pub fn is_about_data(&self) -> bool {
        self.server().is_some_and(ServerError::is_about_data)
    }

    /// The name of the constraint that refused the write, if any.
    pub fn constraint(&self) -> Option<&str> {
        self.server().and_then(ServerError::constraint)
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let error = ServerError::from(error);
        let missing = error.missing_table().and_then(|table| Some((table, list::creating(table)?)));
        match missing {
            Some((table, migration)) => {
                Self::TableMissing { table: table.to_owned(), migration: migration.file_name() }
            }
            None => Self::Postgres(error),
        }
    }
}

fn joined(differences: &[TableDifference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
