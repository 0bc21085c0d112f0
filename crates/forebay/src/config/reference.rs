//! Generates `docs/reference/configuration.md` from the JSON Schema, whose descriptions are the doc comments of the
//! settings.
//!
//! The test compares it with the file; `UPDATE_DOCS=1 cargo test -p forebay reference` regenerates it.

use std::{collections::BTreeSet, env, fmt::Write, fs};

use serde_json::{Map, Value};

use super::schema;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");

const HEAD: &str = "\
# Configuration

This page is a reference: every key of `forebay.toml`, with its meaning and default. It is generated. `forebay init` writes
a commented file to start with, `forebay config check` checks a file, and `forebay config schema` prints the same as a JSON
Schema for editors.

Unknown keys are errors with line and column. Durations have a unit: `30s`, `5m`, `1h`, `30d`; a day has 24 hours. Shares
are numbers from 0 to 1. The file holds no secrets: a setting that needs one names an environment variable
(`{ env = \"NAME\" }`) or a file (`{ file = \"PATH\" }`). The database is that of `[database]` or of
[environment variables](environment.md); without either, Forebay runs a private Postgres.
";

/// The page under construction.
struct Page<'a> {
    definitions: &'a Map<String, Value>,
    /// Definitions that already have a section; others link to it.
    described: BTreeSet<(String, String)>,
    text: String,
}

fn page() -> String {
    let schema = schema();
    let empty = Map::new();
    let definitions = schema["$defs"].as_object().unwrap_or(&empty);
    let mut page = Page { definitions, described: BTreeSet::new(), text: HEAD.to_owned() };
    let properties = schema["properties"].as_object().unwrap();
    // The tables in the order of the template.
    let order = [
        "project",
        "database",
        "sources",
        "fetch",
        "freshness",
        "entities",
        "pipelines",
        "content",
        "notify",
        "server",
        "openlineage",
    ];
    assert_eq!(order.len(), properties.len(), "a table of the file has no place in the reference");
    for name in order {
        let property = &properties[name];
        match property.get("additionalProperties") {
            Some(each) => page.section(&format!("{name}.NAME"), property, each),
            None => page.section(name, property, property),
        }
    }
    page.text
}

impl Page<'_> {
    /// Resolves a schema: follows references and removes the null alternative.
    fn resolved<'v>(&'v self, schema: &'v Value) -> &'v Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.resolved(&self.definitions[name.trim_start_matches("#/$defs/")]);
        }
        match alternatives(schema).as_slice() {
            [only] => self.resolved(only),
            _ => schema,
        }
    }

    /// Adds a section for each table in a schema: itself, the values of a map, or an alternative.
    fn section(&mut self, path: &str, property: &Value, schema: &Value) {
        let table = self.resolved(schema).clone();
        let Some(properties) = table["properties"].as_object() else { return };
        let about = table["description"].as_str().or(property["description"].as_str()).unwrap_or_default();
        let _ = write!(self.text, "\n## `[{path}]`\n\n{}\n\n", one_line(about));
        let identity = table.to_string();
        if let Some((_, first)) = self.described.iter().find(|(known, _)| *known == identity) {
            let _ = writeln!(self.text, "The keys are those of `[{first}]`.");
            return;
        }
        self.described.insert((identity, path.to_owned()));
        self.text.push_str("| key | value | meaning |\n|---|---|---|\n");
        let mut below = Vec::new();
        for (key, property) in properties {
            let meaning = property["description"]
                .as_str()
                .or(self.resolved(property)["description"].as_str())
                .unwrap_or_else(|| panic!("{path}.{key} is not documented"));
            let value = self.value(property);
            let _ = writeln!(self.text, "| `{key}` | {value} | {} |", one_line(meaning).replace('|', "\\|"));
            below.push((format!("{path}.{key}"), property.clone()));
        }
        for (path, property) in below {
            self.below(&path, &property);
        }
    }

    /// Adds the sections of the tables that a key can hold.
    fn below(&mut self, path: &str, property: &Value) {
        let schema = self.resolved(property).clone();
        if is_table(&schema) {
            self.section(path, property, &schema);
        }
        if let Some(each) = schema.get("additionalProperties").filter(|each| each.is_object()) {
            self.below(&format!("{path}.NAME"), each);
        }
        if let Some(items) = schema.get("items") {
            self.below(path, items);
        }
        for alternative in alternatives(&schema) {
            self.below(path, alternative);
        }
    }

    /// Describes the values of a key.
    fn value(&self, schema: &Value) -> String {
        let schema = self.resolved(schema);
        let alternatives = alternatives(schema);
        if !alternatives.is_empty() {
            let mut words: Vec<String> = Vec::new();
            for word in alternatives.iter().map(|alternative| self.value(alternative)) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            return words.join(" or ");
        }
        if let Some(word) = schema["const"].as_str() {
            return format!("`{word}`");
        }
        if let Some(is_on) = schema["const"].as_bool() {
            return format!("`{is_on}`");
        }
        if let Some(words) = schema["enum"].as_array() {
            let words = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`"));
            return words.collect::<Vec<_>>().join(" or ");
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
            }
            _ => Vec::new(),
        };
        let words: Vec<String> = kinds.into_iter().map(|kind| self.word(kind, schema)).collect();
        if words.is_empty() { "any value".to_owned() } else { words.join(" or ") }
    }

    fn word(&self, kind: &str, schema: &Value) -> String {
        match kind {
            "string" => "text".to_owned(),
            "boolean" => "true or false".to_owned(),
            "integer" => format!("whole number{}", range(schema)),
            "number" => format!("number{}", range(schema)),
            "array" => match schema.get("items").map(|items| self.value(items)) {
                Some(items) => format!("list of {items}"),
                None => "list".to_owned(),
            },
            _ => match schema.get("additionalProperties").filter(|each| each.is_object()) {
                Some(each) => format!("table of {}", self.value(each)),
                None => Self::table_in_words(schema),
            },
        }
    }

    /// The location of a secret is shown inline; other tables have a section.
    fn table_in_words(schema: &Value) -> String {
        match schema["properties"].as_object() {
            Some(properties) if !is_table(schema) => {
                let keys: Vec<String> = properties.keys().map(|key| format!("`{{ {key} = … }}`")).collect();
                keys.join(" or ")
            }
            _ => "table".to_owned(),
        }
    }
}

/// Whether it is a table with a section of its own: all except the locations of secrets.
fn is_table(schema: &Value) -> bool {
    let is_place = |keys: &Map<String, Value>| {
        keys.len() == 1 && (keys.contains_key("env") || keys.contains_key("file"))
    };
    schema["properties"].as_object().is_some_and(|properties| !is_place(properties))
}

/// The alternatives of a value.
fn alternatives(schema: &Value) -> Vec<&Value> {
    let lists = ["anyOf", "oneOf"].into_iter().filter_map(|name| schema[name].as_array());
    lists.flatten().filter(|alternative| alternative["type"] != "null").collect()
}

fn range(schema: &Value) -> String {
    let bound = |name: &str| schema[name].as_f64().filter(|bound| bound.abs() < 1e9);
    match (bound("minimum"), bound("maximum")) {
        // For an unsigned number, the minimum 0 is not worth mentioning.
        (None | Some(0.0), None) => String::new(),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_reference_is_that_of_the_settings() {
    let page = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PATH, &page).unwrap();
    }
    let found = fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(found, page, "run UPDATE_DOCS=1 cargo test -p forebay reference");
}
