//! `[pipelines.NAME]`: what ingests the references of a source.
//!
//! A handler's settings stand beside `handler`, so the file stays flat. They are read as one loose struct and then
//! made into the strict [`Pipeline`], which holds only what its handler uses; a setting of the other handler is an
//! error, not ignored.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One pipeline.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Pipeline {
    /// Whose references it ingests. Required.
    pub(crate) source: SourceName,
    /// What ingests them. Required.
    pub(crate) handler: Handler,
}

/// The source that a pipeline listens to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum SourceName {
    /// `"*"`.
    Every,
    /// The source of this name.
    Named(String),
}

impl From<String> for SourceName {
    fn from(name: String) -> Self {
        if name == "*" { Self::Every } else { Self::Named(name) }
    }
}

/// What a pipeline does with a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    /// One row for each reference in a table of the user's own.
    Table(Table),
    /// One searchable document for each reference.
    Documents(Documents),
}

/// Settings of `handler = "table"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// The table that rows are written to. Required.
    pub(crate) table: TableName,
    /// Field of the record by column of the table; at least one. Required.
    pub(crate) columns: BTreeMap<String, String>,
}

/// Settings of `handler = "documents"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Documents {
    /// The field that is the document's title, and weighs most in search. Required.
    pub(crate) title: String,
    /// The fields whose text is searched besides the title. Default: none.
    pub(crate) fields: Vec<String>,
    /// The text search configuration of Postgres. Default: `simple`, which knows no language.
    pub(crate) language: Language,
}

/// A table as `schema.name`, both taken literally.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TableName {
    /// The schema, never Forebay's own.
    pub(crate) schema: String,
    /// The table.
    pub(crate) name: String,
}

impl TryFrom<String> for TableName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let Some((schema, name)) = text.split_once('.').filter(|(_, name)| !name.contains('.')) else {
            return Err(format!("expected `schema.name` for a table, got `{text}`"));
        };
        if !is_identifier(schema) || !is_identifier(name) {
            return Err(format!("`{text}` is not a table name: each part has 1 to 63 bytes"));
        }
        if matches!(schema, "forebay" | "forebay_private") {
            return Err(format!("`{schema}` is Forebay's own schema; name a table outside it"));
        }
        Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
    }
}

/// The name of a text search configuration, such as `simple` or `english`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Language(String);

impl Language {
    /// The name as Postgres knows it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Language {
    fn default() -> Self {
        Self("simple".to_owned())
    }
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let is_word =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if is_word && is_identifier(&name) {
            Ok(Self(name))
        } else {
            Err("expected the name of a text search configuration, such as simple or english".to_owned())
        }
    }
}

/// What Postgres takes as an identifier without cutting it: 1 to 63 bytes (`NAMEDATALEN` less one), no zero byte.
fn is_identifier(name: &str) -> bool {
    (1..=63).contains(&name.len()) && !name.contains('\0')
}

/// A pipeline as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    source: SourceName,
    handler: Kind,
    table: Option<TableName>,
    columns: Option<BTreeMap<String, String>>,
    title: Option<String>,
    fields: Option<Vec<String>>,
    language: Option<Language>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Table,
    Documents,
}

impl TryFrom<Written> for Pipeline {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { source, handler, table, columns, title, fields, language } = written;
        let handler = match handler {
            Kind::Table => {
                let strays = [
                    ("title", title.is_some()),
                    ("fields", fields.is_some()),
                    ("language", language.is_some()),
                ];
                refuse("table", &strays)?;
                let columns = columns.filter(|columns| !columns.is_empty());
                let columns = columns.ok_or_else(|| needs("table", "columns = { column = \"field\" }"))?;
                if let Some(column) = columns.keys().find(|column| !is_identifier(column)) {
                    return Err(format!("`{column}` is not a column name: it has 1 to 63 bytes"));
                }
                let table = table.ok_or_else(|| needs("table", "table = \"schema.name\""))?;
                Handler::Table(Table { table, columns })
            }
            Kind::Documents => {
                refuse("documents", &[("table", table.is_some()), ("columns", columns.is_some())])?;
                let title = title.ok_or_else(|| needs("documents", "title = \"field\""))?;
                Handler::Documents(Documents {
                    title,
                    fields: fields.unwrap_or_default(),
                    language: language.unwrap_or_default(),
                })
            }
        };
        Ok(Self { source, handler })
    }
}

fn needs(handler: &str, setting: &str) -> String {
    format!("the handler `{handler}` needs {setting}")
}

fn refuse(handler: &str, strays: &[(&str, bool)]) -> Result<(), String> {
    match strays.iter().find(|(_, present)| *present) {
        Some((name, _)) => Err(format!("the handler `{handler}` has no setting `{name}`")),
        None => Ok(()),
    }
}
