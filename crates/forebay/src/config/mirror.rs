//! What the database is told of a source's settings, and which of them decide what is read from a page.
//!
//! **The rule of the parser version.** The database remembers what each page yielded, and takes a page that has not
//! changed as read. That holds only while it would be read alike. So a change of anything in the tables of the kind (and
//! of the sitemap) raises the source's parser version, which makes all that is remembered void, except for settings that
//! say where and how long: [`NOT_READING`]. So does a Forebay whose kinds read otherwise: [`READERS_VERSION`]. The version
//! is raised as well by other key fields and field rules, when a run begins. Fetch, crawl, breaker, schedule, scopes and
//! fallbacks do not raise it. A table that is spelled anew to the same effect costs one full reading, which is never wrong.

use std::fmt::Write;

use forebay_sources::{
    fetch::{is_secret, redact_url},
    kinds::READERS_VERSION,
};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};
use url::Url;

use crate::ui::redact;

/// The tables that say how records are got.
const KINDS: [&str; 10] =
    ["http_json", "html", "json_ld", "feed", "ical", "sitemap", "file", "command", "singer", "postgres"];

/// Settings of kinds that do not change what is read from a page.
const NOT_READING: [&str; 5] = ["url", "timeout", "max_stderr_lines", "cwd", "env"];

/// Tables whose texts are values that may be secrets, although they should not.
const OF_VALUES: [&str; 2] = ["headers", "env"];

const MASK: &str = "***";

/// A digest of what decides how records are read, in hexadecimal.
pub(super) fn reading_hash(source: &toml::Table) -> String {
    hash_of_readers(source, READERS_VERSION)
}

fn hash_of_readers(source: &toml::Table, version: u32) -> String {
    // No kind has this name.
    let mut reading = Map::from_iter([("readers".to_owned(), version.into())]);
    for kind in KINDS {
        let Some(toml::Value::Table(table)) = source.get(kind) else { continue };
        let settings = table.iter().filter(|(key, _)| !NOT_READING.contains(&key.as_str()));
        reading.insert(kind.to_owned(), settings.map(|(key, value)| (key.clone(), json(value))).collect());
    }
    let digest = digest(&SHA256, Value::Object(reading).to_string().as_bytes());
    let mut text = String::with_capacity(64);
    for byte in digest.as_ref() {
        // Writing to memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The source's table as it is mirrored in the database. Names of variables and files stay; what may be a secret by
/// itself does not.
pub(super) fn settings(source: &toml::Table) -> Value {
    source.iter().map(|(key, value)| (key.clone(), without_secrets(json(value)))).collect()
}

/// A value of TOML as JSON. Keys of tables come in order, so equal tables are equal texts.
fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::Table(table) => {
            let mut sorted: Vec<_> = table.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            sorted.into_iter().map(|(key, value)| (key.clone(), json(value))).collect()
        }
        toml::Value::Array(items) => items.iter().map(json).collect(),
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
    }
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| match value {
                Value::Object(values) if OF_VALUES.contains(&key.as_str()) => (key, masked_values(values)),
                value => (key, without_secrets(value)),
            })
            .collect(),
        Value::Array(items) => without_secret_arguments(items),
        Value::String(text) => Value::String(without_secret_parameters(&text)),
        other => other,
    }
}

fn masked_values(values: Map<String, Value>) -> Value {
    let masked = |value| if let Value::String(_) = value { Value::from(MASK) } else { value };
    values.into_iter().map(|(name, value)| (name, masked(value))).collect()
}

/// Arguments of programs: the value of `--token=…`, and what follows `--token`.
fn without_secret_arguments(items: Vec<Value>) -> Value {
    let mut is_after_secret = false;
    let mut told = Vec::with_capacity(items.len());
    for item in items {
        let Value::String(text) = item else {
            told.push(without_secrets(item));
            continue;
        };
        let option = text.starts_with('-').then(|| text.split_once('=').unwrap_or((&text, "")));
        let shown = match option {
            _ if is_after_secret => MASK.to_owned(),
            Some((name, value)) if is_secret(name) && !value.is_empty() => format!("{name}={MASK}"),
            _ => without_secret_parameters(&text),
        };
        is_after_secret = option.is_some_and(|(name, _)| is_secret(name)) && !text.contains('=');
        told.push(Value::String(shown));
    }
    Value::Array(told)
}

fn without_secret_parameters(text: &str) -> String {
    let shown = text.contains("://").then(|| Url::parse(text).ok()).flatten().map(|url| redact_url(&url));
    // Otherwise it stays as it is spelt, with its placeholders.
    let masked = shown.filter(|shown| shown.contains(MASK) && !text.contains(MASK));
    redact(masked.as_deref().unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(text: &str) -> toml::Table {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_changes_the_reading_changes_the_hash_and_nothing_else_does() {
        let base = "rate = 1\n[html]\nurl = \"https://a.example/\"\nitems = \"li\"\n[html.fields]\na = \"b\"\nc = \"d\"";
        let hash = |text: &str| reading_hash(&table(text));
        let unchanged = [
            base.replace("rate = 1", "schedule = \"every 6h\"\nfallback = [\"b\"]"),
            base.replace("a.example/", "a.example/other"),
            base.replace("a = \"b\"\nc = \"d\"", "c = \"d\"\na = \"b\""),
            format!("{base}\n[fetch]\nrate = \"1/s\"\n[breaker]\nwindow = 9"),
        ];
        for text in &unchanged {
            assert_eq!(hash(text), hash(base), "{text}");
        }
        let changed = [
            base.replace("\"li\"", "\"li.x\""),
            base.replace("c = \"d\"", ""),
            base.replace("\"b\"", "\"b@href\""),
            format!("{base}\n[sitemap]\ninclude = [\"/x\"]"),
            base.replace("html", "json_ld"),
        ];
        for text in &changed {
            assert_ne!(hash(text), hash(base), "{text}");
        }
        let of_readers = |version| hash_of_readers(&table(base), version);
        assert_eq!(of_readers(READERS_VERSION), hash(base));
        assert_ne!(of_readers(READERS_VERSION + 1), hash(base), "other readers read again");
    }

    #[test]
    fn no_secret_is_told() {
        let source = table(
            r#"
            key = ["api_key"]
            [http_json]
            url = "https://a.example/{term}?api_key=hush&page=1"
            [fetch.headers]
            authorization = "Bearer hush"
            x-token = { env = "TOKEN" }
            [command]
            argv = ["spider", "--token", "hush", "--pwd=hush", "--lang", "en"]
            env = { PLAIN = "hush", FILE = { file = "/run/x" } }
            "#,
        );
        let told = settings(&source);
        assert!(!told.to_string().contains("hush"), "{told}");
        assert_eq!(told["key"], json!(["api_key"]));
        assert_eq!(told["fetch"]["headers"]["x-token"], json!({ "env": "TOKEN" }));
        assert_eq!(told["command"]["argv"], json!(["spider", "--token", "***", "--pwd=***", "--lang", "en"]));
        assert_eq!(told["command"]["env"]["FILE"], json!({ "file": "/run/x" }));
        let plain = "https://a.example/{term}?page={page}";
        assert_eq!(without_secret_parameters(plain), plain);
    }
}
