//! The declaration of a table to fill.

use super::name::{ColumnName, TableName};

/// Types that a column can be declared with, besides `text`; append `[]` for an array.
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

/// What happens to the row of a removed reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRemoved {
    /// Delete it.
    #[default]
    Delete,
    /// Keep it and set its column `removed_at` (a `timestamptz`) to the time of the removal.
    Mark,
}

/// A column to fill.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    /// Its name.
    pub name: ColumnName,
    /// The path to its value in the payload: a field, then inner fields or array indexes.
    pub path: Vec<String>,
    /// Its type if the table is created, one of [`COLUMN_TYPES`]; an existing column keeps its type.
    pub sql_type: String,
}

/// A table to fill.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its name.
    pub name: TableName,
    /// Its columns besides `reference_id`.
    pub columns: Vec<ColumnSpec>,
    /// What happens to rows of removed references.
    pub on_removed: OnRemoved,
    /// Whether everybody may read it through a web API, if Forebay creates it.
    pub publish: bool,
}

/// Whether a column can be declared with a type.
pub fn is_column_type(sql_type: &str) -> bool {
    COLUMN_TYPES.contains(&sql_type.strip_suffix("[]").unwrap_or(sql_type))
}
