//! What to do with a table: adopt its rows, or leave it alone; and the configuration that follows from it.

use std::fmt::Write;

use forebay_domain::{entity::is_view_column, pointer};
use forebay_store::{
    tables::TableName,
    user_tables::{UserColumn, UserTable},
};
use serde_json::Value;

/// What to do with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// Adopt its rows.
    Adopt(Mapping),
    /// Leave it alone, with the reason.
    Leave(&'static str),
}

/// How the rows of a table become references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The source.
    pub source: String,
    /// The entity type.
    pub entity_type: String,
    /// The key; empty: a person has to choose it.
    pub key: Vec<String>,
    /// The column with the contract version.
    pub contract_version_column: Option<String>,
}

/// The proposal for a table. `has_profile`: a profile of Forebay's creates a relation of its name.
pub(super) fn propose(table: &UserTable, has_profile: bool) -> Proposal {
    let name = table.name.to_lowercase();
    let last_word = name.rsplit('_').next().unwrap_or_default();
    let is_about_people = table.references.iter().any(|(_, target)| target == "auth.users")
        || matches!(last_word, "profiles" | "users" | "accounts");
    if table.num_rows.is_none() {
        return Proposal::Leave("the current role may not read it");
    }
    if has_profile {
        return Proposal::Leave("a profile of Forebay has the same: forebay db profile create");
    }
    if table.is_view {
        return Proposal::Leave("it is a view");
    }
    if TableName::parse(&format!("{}.{}", table.schema, table.name)).is_err() {
        return Proposal::Leave("forebay.toml can't name it; read it with `query` of a postgres source");
    }
    if table.columns.is_empty() {
        return Proposal::Leave("it has no columns");
    }
    if is_about_people {
        return Proposal::Leave("it is about users, not about what is scraped");
    }
    if matches!(last_word, "jobs" | "queue" | "tasks") {
        return Proposal::Leave("it is a list of work: `schedule` of a source and hand-offs replace it");
    }
    if name.len() > last_word.len() && last_word == "sources" || name == "sources" {
        return Proposal::Leave("it lists what is scraped: declare each row as [sources.NAME]");
    }
    let version = "contract_version";
    Proposal::Adopt(Mapping {
        source: table.name.clone(),
        entity_type: singular(&name),
        key: table.key.clone(),
        contract_version_column: table.column(version).map(|_| version.to_owned()),
    })
}

fn singular(name: &str) -> String {
    match (name.strip_suffix("ies"), name.strip_suffix('s')) {
        (Some(stem), _) if !stem.is_empty() => format!("{stem}y"),
        (_, Some(stem)) if !stem.is_empty() && !stem.ends_with('s') => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// The mappings as a part of `forebay.toml`.
pub(super) fn toml(tables: &[UserTable], proposals: &[Proposal]) -> String {
    let mut text = String::new();
    for (table, proposal) in tables.iter().zip(proposals) {
        let Proposal::Adopt(mapping) = proposal else { continue };
        if mapping.key.is_empty() {
            let _ = writeln!(
                text,
                "# {} has no key. Name the columns that identify a row.",
                table.name.escape_debug()
            );
        }
        let _ = writeln!(text, "[sources.{}]", key(&mapping.source));
        let fields: Vec<String> = mapping.key.iter().map(|field| quoted(field)).collect();
        let _ = writeln!(text, "key = [{}]", fields.join(", "));
        let _ = writeln!(text, "entity = {}\n", quoted(&mapping.entity_type));
        let _ = writeln!(text, "[sources.{}.postgres]", key(&mapping.source));
        let _ = writeln!(text, "table = {}", quoted(&format!("{}.{}", table.schema, table.name)));
        if let Some(column) = &mapping.contract_version_column {
            let _ = writeln!(text, "contract_version_column = {}", quoted(column));
        }
        let _ = writeln!(text, "\n[entities.{}.fields]", key(&mapping.entity_type));
        for column in &table.columns {
            write_field(&mut text, tables, proposals, table, mapping, column);
        }
        text.push('\n');
    }
    text
}

fn write_field(
    text: &mut String,
    tables: &[UserTable],
    proposals: &[Proposal],
    table: &UserTable,
    mapping: &Mapping,
    column: &UserColumn,
) {
    let is_taken = is_view_column(&column.name);
    let name =
        if is_taken { format!("{}_{}", mapping.entity_type, column.name) } else { column.name.clone() };
    let field_type = field_type(column);
    let num_blank: i64 = ["null", "empty"].iter().filter_map(|shape| column.shapes.get(*shape)).sum();
    let mut settings = vec![format!("type = {}", quoted(field_type))];
    if is_taken || column.name.starts_with('/') {
        settings.push(format!("path = {}", quoted(&pointer::join(&[&column.name]))));
    }
    if !column.is_nullable && num_blank == 0 {
        settings.push("required = true".to_owned());
    }
    if let Some(target) = target(tables, proposals, table, column)
        && matches!(field_type, "text" | "integer" | "uuid")
    {
        settings.push(format!("references = {}", quoted(target)));
    }
    let _ = match settings.as_slice() {
        [_] => writeln!(text, "{} = {}", key(&name), quoted(field_type)),
        settings => writeln!(text, "{} = {{ {} }}", key(&name), settings.join(", ")),
    };
}

/// The entity type whose key a column holds.
fn target<'a>(
    tables: &[UserTable],
    proposals: &'a [Proposal],
    table: &UserTable,
    column: &UserColumn,
) -> Option<&'a str> {
    let (_, target) = table.references.iter().find(|(columns, _)| *columns == [column.name.clone()])?;
    let is_target =
        |other: &UserTable| *target == format!("{}.{}", other.schema, other.name) || *target == other.name;
    let place = tables.iter().position(is_target)?;
    match &proposals[place] {
        Proposal::Adopt(mapping) if mapping.key.len() == 1 => Some(&mapping.entity_type),
        _ => None,
    }
}

fn field_type(column: &UserColumn) -> &'static str {
    if let Some(element) = column.sql_type.strip_suffix("[]") {
        return match element {
            "smallint" | "integer" | "bigint" => "integer[]",
            "numeric" | "real" | "double precision" => "number[]",
            "text" | "character varying" => "text[]",
            "uuid" => "uuid[]",
            _ => "json",
        };
    }
    match column.sql_type.as_str() {
        "smallint" | "integer" | "bigint" => "integer",
        "numeric" | "real" | "double precision" => "number",
        "boolean" => "boolean",
        "date" => "date",
        "timestamp with time zone" | "timestamp without time zone" => "timestamp",
        "uuid" => "uuid",
        "json" | "jsonb" => "json",
        "text" | "character varying" => match column.filled_shapes()[..] {
            ["date"] => "date",
            ["timestamp"] | ["date", "timestamp"] => "timestamp",
            ["url"] => "url",
            ["number"] | ["integer", "number"] => "number",
            _ => "text",
        },
        _ => "text",
    }
}

/// A TOML string. JSON's escapes are valid there.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A TOML key.
fn key(text: &str) -> String {
    let is_bare = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { text.to_owned() } else { quoted(text) }
}
