//! `[pipelines.NAME]`: what ingests the references of a source.
//!
//! A handler's settings stand beside `handler`, so the file stays flat. They are read as one loose struct and then
//! made into the strict [`Pipeline`], which holds only what its handler uses; a setting of the other handler is an
//! error, not ignored. What only the handler can judge (names of columns, types, whether the database knows a
//! language) is left to the engine, which checks it when [`Pipeline::declared_as`] is declared.

use std::collections::BTreeMap;

use forebay_engine::work::PipelineSpec;
use serde::{Deserialize, Serialize};

/// One pipeline.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Pipeline {
    /// Whose references it ingests. Required.
    pub(crate) source: SourceName,
    /// What ingests them. Required.
    pub(crate) handler: Handler,
    /// False: nothing new is handed off to it, and what waits for it rests. Default: true.
    pub(crate) enabled: bool,
}

impl Pipeline {
    /// The pipeline as the engine takes it, under the name that it has in the file.
    pub(crate) fn declared_as(&self, name: &str) -> PipelineSpec {
        let (handler, config) = match &self.handler {
            Handler::Table(table) => ("table", serde_json::json!(table)),
            Handler::Documents(documents) => ("documents", serde_json::json!(documents)),
        };
        PipelineSpec {
            name: name.to_owned(),
            source_name: match &self.source {
                SourceName::Every => None,
                SourceName::Named(source) => Some(source.clone()),
            },
            handler: handler.to_owned(),
            config,
            enabled: self.enabled,
        }
    }
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

/// Settings of `handler = "table"`, written as the engine reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Table {
    /// The table that rows are written to. Required.
    pub(crate) table: TableName,
    /// What fills each column of the table; at least one. Required.
    pub(crate) columns: BTreeMap<String, Column>,
    /// What becomes of the row of a reference that is gone. Default: it is deleted.
    pub(crate) removed: Removed,
}

/// What fills a column: the field alone, or with the type that the column gets if Forebay makes the table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a field, or { field = \"…\", type = \"…\" }")]
pub(crate) enum Column {
    /// The field, or the JSON pointer to it; the column is made as `text`.
    Field(String),
    /// Both.
    Typed(TypedColumn),
}

/// A field with the type of its column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypedColumn {
    /// The field, or the JSON pointer to it.
    pub(crate) field: String,
    /// The column's type if Forebay makes the table.
    #[serde(rename = "type")]
    pub(crate) sql_type: String,
}

/// What becomes of the row of a reference that is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Removed {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays, and its column `removed_at` says since when.
    Mark,
}

/// Settings of `handler = "documents"`, written as the engine reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Documents {
    /// The field that is the document's title, and weighs most in search. Default: the first of `title`, `name` and
    /// `headline` that has text, else the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// The fields whose text is searched besides the title. Default: all text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Vec<String>>,
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

impl Serialize for TableName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{}", self.schema, self.name))
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Language(String);

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
    #[serde(default = "yes")]
    enabled: bool,
    table: Option<TableName>,
    columns: Option<BTreeMap<String, Column>>,
    removed: Option<Removed>,
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
        let Written { source, handler, enabled, table, columns, removed, title, fields, language } = written;
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
                let table = table.ok_or_else(|| needs("table", "table = \"schema.name\""))?;
                Handler::Table(Table { table, columns, removed: removed.unwrap_or_default() })
            }
            Kind::Documents => {
                let strays = [
                    ("table", table.is_some()),
                    ("columns", columns.is_some()),
                    ("removed", removed.is_some()),
                ];
                refuse("documents", &strays)?;
                Handler::Documents(Documents { title, fields, language: language.unwrap_or_default() })
            }
        };
        Ok(Self { source, handler, enabled })
    }
}

fn yes() -> bool {
    true
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
