//! `docs/reference/json.md`: a section for each command, and one for each view.

use std::{collections::BTreeMap, env, fmt::Write, fs};

use forebay_views::{
    ContentCounts, ContentCourse, ContentOpened, ContentPersisted, ContentVerified, ContentWritten,
    EnsuredRecords, ErrorDocument, HistoryPage, ReferenceExcerpt, RunsAnswer, schema,
};
use serde_json::Value;

use super::{Form, PRINTED};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/json.md");

const HEAD: &str = "\
# JSON output

This page is a reference: what every command prints with `--output json`, and every object in it. It is generated from
the program's schemas. MCP tools answer with the same objects.

A command prints exactly one document on standard output, unless this page says otherwise; everything else goes to
standard error. A command that fails prints an [ErrorDocument](#errordocument) in place of its result.

Rules that hold everywhere:

- `source` and `pipeline` are names. Hand-offs, breakers and sources have a `state`, runs and syncs a `status`.
- Counts are `num_*`, except in `Stats` and in objects that map a name to its count. Durations are `*_ms` or `*_seconds`.
- Times are RFC 3339 in UTC with milliseconds: `2026-01-31T06:00:00.000Z`.
- Every field is always present; an absent value is null.
- Lists are arrays. A list that can be long is a page: `items`, and `next`, the cursor for the following entries.
- New fields and new words may be added. Programs should ignore fields that they do not know.
";

/// The name of a schema on the page.
fn name(title: &str) -> String {
    title.replace("PageOf", "Page of ")
}

/// The anchor of a section.
fn link(title: &str) -> String {
    let name = name(title);
    format!("[{name}](#{})", name.to_lowercase().replace(' ', "-"))
}

/// The values of a field, in words.
fn value(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return link(name.trim_start_matches("#/$defs/"));
    }
    if let Some(alternatives) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let words: Vec<String> = alternatives.iter().map(value).collect();
        return words.join(" or ");
    }
    if let Some(word) = schema["const"].as_str() {
        return format!("`{word}`");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words =
            words.iter().map(|word| word.as_str().map_or("null".to_owned(), |word| format!("`{word}`")));
        return words.collect::<Vec<_>>().join(", ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if kinds.is_empty() {
        return "any JSON".to_owned();
    }
    let word = |kind: &&str| match *kind {
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        "integer" => "whole number".to_owned(),
        "array" => format!("list of {}", value(&schema["items"])),
        "object" => format!("object of {}", value(&schema["additionalProperties"])),
        other => other.to_owned(),
    };
    kinds.iter().map(word).collect::<Vec<_>>().join(" or ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Collects a schema and the schemas that it refers to, by name.
pub(super) fn collect(schema: &Value, all: &mut BTreeMap<String, Value>) {
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        all.insert(name.clone(), definition.clone());
    }
    if let Some(title) = schema["title"].as_str() {
        all.insert(title.to_owned(), schema.clone());
    }
}

pub(super) fn section(title: &str, schema: &Value, page: &mut String) {
    let about = schema["description"].as_str().unwrap_or_default();
    let _ = write!(page, "\n### {}\n\n{}\n", name(title), one_line(about));
    if schema["properties"].is_object() {
        return fields(title, schema, page);
    }
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        let about = one_line(variant["description"].as_str().unwrap_or_default());
        if variant["properties"].is_object() {
            let _ = writeln!(page, "\n{about}");
            fields(title, variant, page);
        } else {
            let _ = writeln!(page, "\n- {}: {about}", value(variant));
        }
    }
}

/// The fields of an object, as a table. The tag field of variants needs no meaning.
pub(super) fn fields(title: &str, schema: &Value, page: &mut String) {
    page.push_str("\n| field | value | meaning |\n|---|---|---|\n");
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        let is_tag = property.get("const").is_some();
        let meaning = property["description"].as_str().or(is_tag.then_some("what happened"));
        let meaning = meaning.unwrap_or_else(|| panic!("{title}.{field} is not documented"));
        let _ = writeln!(page, "| `{field}` | {} | {} |", value(property), one_line(meaning));
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut views = BTreeMap::new();
    page.push_str("\n## Commands\n");
    let mut last = "";
    for printed in PRINTED {
        if printed.command == last {
            page.push('\n');
        } else {
            let _ = write!(page, "\n### `forebay {}`\n\n", printed.command);
            last = printed.command;
        }
        let text = match &printed.form {
            Form::Other(text) => (*text).to_owned(),
            Form::View(schema) | Form::Lines(schema) => {
                let schema = schema();
                collect(&schema, &mut views);
                let is_lines = matches!(printed.form, Form::Lines(_));
                let lines = if is_lines { "JSON Lines, one object a line as things happen: " } else { "" };
                let when = if printed.when.is_empty() { "" } else { ", " };
                format!("{lines}{}{when}{}.", link(schema["title"].as_str().unwrap()), printed.when)
            }
        };
        page.push_str(&text);
        page.push('\n');
    }
    for schema in [
        schema::<ContentCounts>(),
        schema::<ContentCourse>(),
        schema::<ContentOpened>(),
        schema::<ContentPersisted>(),
        schema::<ContentVerified>(),
        schema::<ContentWritten>(),
        schema::<ErrorDocument>(),
        schema::<EnsuredRecords>(),
        schema::<HistoryPage>(),
        schema::<ReferenceExcerpt>(),
        schema::<RunsAnswer>(),
    ] {
        collect(&schema.to_value(), &mut views);
    }
    page.push_str("\n## Objects\n");
    for (title, schema) in &views {
        section(title, schema, &mut page);
    }
    page
}

#[test]
fn the_reference_is_that_of_the_views() {
    let page = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PATH, &page).unwrap();
    }
    let found = fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(found, page, "run UPDATE_DOCS=1 cargo test -p forebay --test cli json");
}
