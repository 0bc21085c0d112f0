//! Names chosen by the user, and literals: the only user input that becomes part of a statement.
//!
//! Names are checked on creation and quoted on output, so a name can't end a statement, and pipelines can't write
//! Forebay's own tables or system tables.

use std::fmt;

use crate::error::{Error, Result};

/// Postgres silently truncates longer names.
const MAX_NAME_BYTES: usize = 63;

/// A table with its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    schema: String,
    name: String,
}

/// A schema of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaName(String);

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnName(String);

impl TableName {
    /// Parses `table` (in the schema `public`) or `schema.table`, both case-sensitive.
    pub fn parse(text: &str) -> Result<Self> {
        let (schema, name) = text.split_once('.').unwrap_or(("public", text));
        if name.contains('.') {
            return Err(refused(text, "it has more than one dot"));
        }
        for checked in [check_schema(schema), check(name)] {
            checked.map_err(|reason| refused(text, reason))?;
        }
        Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
    }

    /// The schema and the name, without quotes.
    pub fn parts(&self) -> (&str, &str) {
        (&self.schema, &self.name)
    }

    /// The schema, quoted.
    pub(super) fn quoted_schema(&self) -> String {
        quoted(&self.schema)
    }
}

impl SchemaName {
    /// Parses a schema's name, case-sensitive.
    pub fn parse(text: &str) -> Result<Self> {
        check_schema(text).map_err(|reason| refused(text, reason))?;
        Ok(Self(text.to_owned()))
    }

    /// The name without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ColumnName {
    /// Parses a column's name, case-sensitive.
    pub fn parse(text: &str) -> Result<Self> {
        check(text).map_err(|reason| refused(text, reason))?;
        Ok(Self(text.to_owned()))
    }

    /// The name without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// With its schema, both quoted, for use in a statement.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// Quoted, for use in a statement.
impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.0))
    }
}

/// Quoted, for use in a statement.
impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.0))
    }
}

fn check(name: &str) -> std::result::Result<(), &'static str> {
    if name.is_empty() {
        return Err("a name is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return Err("a name is longer than 63 bytes");
    }
    if name.contains(|c: char| c == '"' || c.is_control()) {
        return Err("a name contains a quotation mark or a control character");
    }
    Ok(())
}

fn check_schema(name: &str) -> std::result::Result<(), &'static str> {
    check(name)?;
    if name.starts_with("pg_") || matches!(name, "information_schema" | "forebay" | "forebay_private") {
        return Err("this schema belongs to Forebay or PostgreSQL");
    }
    Ok(())
}

/// Doubling quotes is a second line of defence: [`check`] rejects quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal, whatever the server's setting for backslashes is.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''").replace('\0', "\u{fffd}");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

fn refused(name: &str, reason: &'static str) -> Error {
    Error::NameRefused { name: name.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_with_its_schema() {
        assert_eq!(TableName::parse("courses").unwrap().to_string(), "\"public\".\"courses\"");
        assert_eq!(TableName::parse("Shop.Überblick_2").unwrap().to_string(), "\"Shop\".\"Überblick_2\"");
        assert_eq!(ColumnName::parse("select").unwrap().to_string(), "\"select\"");
    }

    #[test]
    fn reserved_schemas_and_invalid_names_are_refused() {
        let long = "x".repeat(64);
        let bad = [
            "",
            ".",
            "a.",
            ".a",
            "a.b.c",
            "a\"b",
            "a\0",
            "a\nb",
            long.as_str(),
            "forebay.references",
            "forebay_private.x",
            "pg_catalog.pg_class",
            "pg_toast.x",
            "information_schema.tables",
        ];
        for name in bad {
            let error = TableName::parse(name).unwrap_err();
            assert_eq!(error.code(), "name_refused", "{name:?}");
        }
        assert!(ColumnName::parse("a\" = 1; --").is_err());
    }
}
