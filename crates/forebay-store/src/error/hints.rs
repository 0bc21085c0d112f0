//! What to do about each error.
//!
//! Separate from the enum so that all hints can be read and improved in one place. A hint is one or two sentences and
//! names the command to run, if there is one.

use super::{kind::Error, server::ServerError};

impl Error {
    /// What to do next, in one or two sentences, if anything.
    pub fn hint(&self) -> Option<String> {
        hint(self)
    }
}

fn hint(error: &Error) -> Option<String> {
    let words = match error {
        Error::ClusterBinariesMissing { .. } => return Some(install()),
        Error::ClusterVersionMismatch { data_dir, found, .. } => format!(
            "Install PostgreSQL {found} if Forebay supports it, or move {} away to start with an empty database. To keep its data, \
             dump it with PostgreSQL {found}'s pg_dump first.",
            data_dir.display()
        ),
        Error::ClusterInit { .. } => "Check that the disk is not full and that the data folder can be written.".into(),
        Error::ClusterStart { log, .. } => format!("The complete log is in {}.", log.display()),
        Error::ClusterStop { .. } => "Retry, or check its log for what keeps it busy.".into(),
        Error::ClusterForbidden { .. } => {
            "Choose another folder with --data-dir, or make this one accessible (chmod a+x).".into()
        }
        Error::ClusterFolder { .. } => "Check the folder's permissions, or choose another one with --data-dir.".into(),
        Error::NoDataDir => "Set HOME, or choose a folder with --data-dir.".into(),
        Error::Url { .. } => "A database URL looks like postgresql://user:password@host:5432/database?sslmode=require.".into(),
        Error::SupabaseUrl { .. } => format!(
            "Copy the project's URL from the dashboard (Connect), or set SUPABASE_DB_URL to the connection string shown \
             there. {PRIVATE}"
        ),
        Error::SupabasePasswordMissing { .. } => format!(
            "Set SUPABASE_DB_PASSWORD to the password of the project's database (dashboard: Project Settings > Database, \
             which also resets it), or SUPABASE_DB_URL to its connection string (dashboard: Connect). {PRIVATE}"
        ),
        Error::VariableNotUtf8 { .. } => "Percent-encode the bytes of a URL that are not UTF-8.".into(),
        Error::Unreachable { target, source } => return unreachable(target, source),
        Error::UnreachableInTime { .. } => "Check host and port, and whether a firewall blocks the connection.".into(),
        Error::Tls { .. } => {
            "sslmode=require encrypts without verifying the certificate; verify-full needs the root certificate \
             (sslrootcert=FILE; PGSSLROOTCERT=FILE with SUPABASE_URL)."
                .into()
        }
        Error::SchemaMissing { .. } | Error::TableMissing { .. } => "Run `forebay db up`.".into(),
        Error::SchemaNewer { .. } => "Upgrade Forebay to the version that migrated this database, or newer.".into(),
        Error::MigrationDrift { .. } => {
            "Compare with `forebay db status`. Use the Forebay version that migrated this database, or run \
             `forebay db reset` if its data may be deleted."
                .into()
        }
        Error::SchemaForeign { hint, .. } => return hint.clone(),
        Error::SchemaInUse { .. } => "Nothing was reverted. Drop these objects first, or move them to your own tables.".into(),
        Error::MigrationFailed { .. } => {
            "The migration was rolled back. Fix the reported problem and run `forebay db up` again.".into()
        }
        Error::Postgres(source) => return refused(source),
        Error::UnknownWord { .. } => {
            "A newer Forebay probably wrote it. Upgrade this Forebay to at least that version.".into()
        }
        Error::Column { .. } | Error::ColumnMissing { .. } => "Compare the schema with `forebay db status`.".into(),
        Error::TransactionPooler { .. } => {
            "Use the URL of the direct connection, or of the pooler in session mode (Supabase: port 5432 instead of 6543)."
                .into()
        }
        Error::ScopeBusy { .. } => {
            "Try again later, or wait longer with --wait. If its process is gone but its connection isn't, end that with \
             pg_terminate_backend."
                .into()
        }
        Error::ScopeLost | Error::RunLost { .. } => "Start it again; the data written so far is kept.".into(),
        Error::NameRefused { .. } => {
            "Name a table like public.courses, in a schema of your own; a name has 1 to 63 bytes."
                .into()
        }
        Error::RealtimeMissing => {
            "Only a Supabase project has it. On another Postgres, follow changes with `forebay changes --follow`.".into()
        }
        Error::RealtimeRefused { .. } => {
            "Nothing was changed. `forebay db realtime list` lists the tables that can be published.".into()
        }
        Error::ProfileRefused { .. } | Error::EntityRefused { .. } => {
            "Name another schema with --schema, or rename or drop what is in the way. Nothing was changed.".into()
        }
        Error::ContentTables { .. } => {
            "Change the tables, or name other columns in [content.tables] of forebay.toml. Nothing was written.".into()
        }
        Error::TableUnusable { .. } => {
            "Fix the table or the pipeline's settings. Its hand-offs wait; nothing was lost.".into()
        }
        Error::TableChanged { .. } => {
            "Undo the change, or restart the workers: they then use the altered table. If another table has its name, \
             fill that with forebay work --create. Its hand-offs wait."
                .into()
        }
        Error::TableGone { .. } => {
            "Restore it, or create it again and fill it: forebay work --create. Its hand-offs wait.".into()
        }
        Error::ClusterPort { .. } => "End that program, or choose another port.".into(),
        Error::Busy { .. } => "Retry in a moment.".into(),
    };
    Some(words)
}

fn install() -> String {
    let system = if cfg!(target_os = "macos") {
        "brew install postgresql@17"
    } else if std::path::Path::new("/etc/fedora-release").exists() {
        "dnf install postgresql-server"
    } else if std::path::Path::new("/etc/debian_version").exists() {
        "apt-get install postgresql"
    } else {
        "apt-get install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora) or \
         brew install postgresql@17 (macOS)"
    };
    format!("Install it with {system}, or use your own database with --database-url.")
}

/// For users whose `SUPABASE_URL` is meant for other programs.
const PRIVATE: &str = "To use the private Postgres, unset SUPABASE_URL.";

fn unreachable(target: &str, source: &ServerError) -> Option<String> {
    // The direct connection of a hosted project has an IPv6 address only.
    if source.sqlstate().is_none() && target.contains(".supabase.co:") {
        return Some(
            "Direct connections to Supabase need IPv6. Without it, set SUPABASE_DB_URL to the session pooler's \
             connection string (dashboard: Connect)."
                .into(),
        );
    }
    login(source)
}

fn login(source: &ServerError) -> Option<String> {
    let words = match source.sqlstate() {
        Some(state) if state.starts_with("28") => "Check user and password in the database URL.",
        Some("3D000") => "Create the database, or use an existing one in the database URL.",
        Some("53300") => "The server has no free connections; close some or raise its limit.",
        Some("57P03") => "The server is starting or stopping; retry in a moment.",
        Some(_) => return None,
        None => "Check that the server is running, and host and port in the database URL.",
    };
    Some(words.into())
}

/// Hints for constraints that user input can violate. The other constraints guard against bugs.
const CONSTRAINTS: [(&str, &str); 5] = [
    ("sources_name_check", NAMES),
    ("pipelines_name_check", NAMES),
    ("sources_entity_type_check", "Give the source an entity type."),
    ("sources_key_fields_check", "Name at least one key field."),
    ("pipelines_handler_check", "A pipeline's handler is table, documents, webhook, exec or external."),
];
const NAMES: &str = "A name begins with a letter or digit and has at most 63 letters, digits, dots, _ and -.";

fn refused(source: &ServerError) -> Option<String> {
    let known = CONSTRAINTS.iter().find(|(name, _)| source.constraint() == Some(name));
    if let Some((_, words)) = known {
        return Some((*words).into());
    }
    match source.sqlstate() {
        Some("42501") => Some(
            "The database user has insufficient privileges; grant them or connect as the schema's owner."
                .into(),
        ),
        Some("3F000" | "42P01") => Some("Run `forebay db up`.".into()),
        Some("2201B") => Some("Fix the regular expression, or search for plain text.".into()),
        Some("55P03") => Some("Another session holds a lock: retry when it has ended.".into()),
        Some("57014") => Some("The statement was too slow, or an administrator canceled it: retry.".into()),
        Some("53100") => Some("The database's disk is full; free some space.".into()),
        _ if source.is_unreachable() => login(source),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::list::MIGRATIONS;

    #[test]
    fn every_constraint_with_a_hint_exists() {
        for (name, _) in CONSTRAINTS {
            let exists =
                MIGRATIONS.iter().any(|migration| migration.up.contains(&format!("constraint {name} ")));
            assert!(exists, "{name}");
        }
    }
}
