//! The declaration of a table to fill.

use super::name::{ColumnName, TableName};

/// Types that a column may be declared with, beside `text`; each with `[]` behind it is an array.
pub const COLUMN_TYPES: [&str; 16] = [
    "text",
    "int",
    "integer",
    "smallint",
    "bigint",
    "numeric",
    "real",
    "double precision",
    "boolean",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "json",
    "jsonb",
];

/// What to do with the row of a reference that was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRemoved {
    /// Delete it.
    #[default]
    Delete,
    /// Keep it and set its column `removed_at` (a `timestamptz`) to when it was seen to be gone.
    Mark,
}

/// A column to fill.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    /// Its name.
    pub name: ColumnName,
    /// The path to its value in the payload: a field, then inner fields or array indexes.
    pub path: Vec<String>,
    /// Its type if the table has to be created, one of [`COLUMN_TYPES`]; an existing column keeps its own.
    pub sql_type: String,
}

/// A table to fill.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its name.
    pub name: TableName,
    /// Its columns beside `reference_id`.
    pub columns: Vec<ColumnSpec>,
    /// What removal does.
    pub on_removed: OnRemoved,
}

/// Whether a type may be declared for a column.
pub fn is_column_type(sql_type: &str) -> bool {
    COLUMN_TYPES.contains(&sql_type.strip_suffix("[]").unwrap_or(sql_type))
}
