//! The migrations as SQL that other tools apply: `psql`, or the migrations of a Supabase project.
//!
//! A script records itself in the history, so afterwards Forebay knows the migration as applied. It contains no `begin`
//! and no `commit`: the tool that applies it decides about transactions.

use super::{
    history::{self, SCHEMAS_DOWN, SCHEMAS_UP, SEARCH_PATH},
    list::{MIGRATIONS, Migration},
};
use crate::{profiles, tables::SchemaName};

/// A script with the name that the Supabase CLI expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlFile {
    /// 14 digits, an underscore and a name, with the extension `.sql`. The digits order the files. They are computed
    /// from the migration's number, so every export of a migration has the same name.
    pub name: String,
    /// The statements.
    pub text: String,
}

/// Increase it with each change of the profile `api`, so that an upgrade exports a new file instead of changing one
/// that was applied.
const API_REVISION: u32 = 1;

/// A script that creates the profile `api` after the migrations, and one that drops it before they are reverted.
pub fn api_scripts(schema: &SchemaName) -> [SqlFile; 2] {
    // A day after the migrations.
    let name = format!("20260102{API_REVISION:06}_forebay_api.sql");
    let title = format!("profile api in schema {schema}");
    [profiles::api_script(schema), profiles::api_rollback(schema)]
        .map(|statements| SqlFile { name: name.clone(), text: complete(&title, &statements) })
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
    SqlFile {
        name: format!("20260101{hours:02}{minutes:02}{seconds:02}_forebay_{name}.sql"),
        text: complete(&format!("schema version {version} ({name})"), statements),
    }
}

fn complete(title: &str, statements: &str) -> String {
    format!(
        "-- Forebay: {title}. Written by `forebay db export`; don't change it.\n\
         set search_path = {SEARCH_PATH};\nset statement_timeout = 0;\nset lock_timeout = 0;\n\n{statements}\n\
         reset lock_timeout;\nreset statement_timeout;\nreset search_path;\n"
    )
}
