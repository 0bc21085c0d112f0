//! The migrations as SQL that other tools apply: `psql`, or the migrations of a Supabase project.
//!
//! A script records itself in the history, so afterwards Forebay knows the migration as applied. It contains no `begin`
//! and no `commit`: the tool that applies it decides about transactions.

use super::{
    history::{self, SCHEMAS_DOWN, SCHEMAS_UP, SEARCH_PATH},
    list::{MIGRATIONS, Migration},
};

/// A script with the name that the Supabase CLI expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlFile {
    /// 14 digits, an underscore and a name, with the extension `.sql`. The digits order the files. They are computed
    /// from the migration's number, so every export of a migration has the same name.
    pub name: String,
    /// The statements.
    pub text: String,
}

/// One script that applies all migrations.
pub fn script() -> String {
    scripts().into_iter().map(|file| file.text).collect::<Vec<_>>().join("\n")
}

/// A script for each migration, in order.
pub fn scripts() -> Vec<SqlFile> {
    let up = |migration: &Migration| {
        let before = if migration.version == 1 { format!("{SCHEMAS_UP}\n") } else { String::new() };
        let record = format!(
            "insert into forebay.schema_migrations (version, name, checksum)\n    values ({}, '{}', '{}');\n",
            migration.version,
            migration.name,
            history::checksum(migration)
        );
        file(migration, &format!("{before}{}\n{record}", migration.up))
    };
    MIGRATIONS.iter().map(up).collect()
}

/// A script that reverts each migration, in the order in which to run them: the newest first.
pub fn rollbacks() -> Vec<SqlFile> {
    let down = |migration: &Migration| {
        let forget =
            format!("delete from forebay.schema_migrations where version = {};\n", migration.version);
        let after = if migration.version == 1 { SCHEMAS_DOWN } else { "" };
        file(migration, &format!("{}{forget}{after}", migration.down))
    };
    MIGRATIONS.iter().rev().map(down).collect()
}

fn file(migration: &Migration, statements: &str) -> SqlFile {
    let Migration { version, name, .. } = migration;
    // A time of day, as the Supabase CLI writes names, with a second for each version.
    let (hours, minutes, seconds) = (version / 3_600, version / 60 % 60, version % 60);
    let text = format!(
        "-- Forebay: schema version {version} ({name}). Written by `forebay db export`; don't change it.\n\
         set search_path = {SEARCH_PATH};\nset statement_timeout = 0;\nset lock_timeout = 0;\n\n{statements}\n\
         reset lock_timeout;\nreset statement_timeout;\nreset search_path;\n"
    );
    SqlFile { name: format!("20260101{hours:02}{minutes:02}{seconds:02}_forebay_{name}.sql"), text }
}
