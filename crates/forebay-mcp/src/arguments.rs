//! Parses arguments of tools: limits, times and scopes from a model.

use std::collections::BTreeMap;

use forebay_domain::{scope::Scope, units};
use forebay_views::failure::Failure;
use jiff::Timestamp;
use rmcp::model::JsonObject;
use serde_json::Value;

/// The page size: as requested, at most `most`. A larger request is not an error, because there are further pages.
pub(crate) fn limit(asked: Option<u32>, default: u32, most: u32) -> u32 {
    asked.unwrap_or(default).clamp(1, most)
}

/// Parses a time. Error: `time_invalid`.
pub(crate) fn time(text: &str) -> Result<Timestamp, Failure> {
    units::time(text).map_err(|expected| {
        Failure::usage("time_invalid", format!("{text:?} is not a time: {expected}"))
            .hint("times are RFC 3339 with a zone, such as 2026-01-31T12:00:00Z, or a date")
    })
}

/// Parses a scope. Errors: the codes of a scope, such as `scope_invalid_key`.
pub(crate) fn scope(pairs: &BTreeMap<String, String>) -> Result<Scope, Failure> {
    Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}"))).map_err(|error| {
        Failure::usage(error.code(), error.to_string())
            .hint("a scope is an object of names and values, such as {\"semester\": \"Spring 2026\"}")
    })
}

/// Converts arguments to the types of the input schema where only the form differs: numbers and switches that a model
/// wrote as text, whole numbers with a fraction (`2.0`), and numbers where a map has texts.
pub(crate) fn to_schema(arguments: &mut JsonObject, schema: &JsonObject) {
    for (name, value) in arguments {
        let Some(wanted) = schema.get("properties").and_then(|properties| properties.get(name)) else {
            continue;
        };
        let is_of = |word: &str| is_of(wanted, word);
        match value {
            Value::String(text) if !is_of("string") => match serde_json::from_str(text.trim()) {
                Ok(number @ Value::Number(_)) if is_of("integer") || is_of("number") => {
                    *value = whole(number);
                }
                Ok(switch @ Value::Bool(_)) if is_of("boolean") => *value = switch,
                _ => {}
            },
            Value::Number(_) if is_of("integer") => *value = whole(value.take()),
            Value::Object(map)
                if wanted.pointer("/additionalProperties").is_some_and(|of| self::is_of(of, "string")) =>
            {
                map.values_mut().for_each(to_text);
            }
            _ => {}
        }
    }
}

fn is_of(schema: &Value, wanted: &str) -> bool {
    match &schema["type"] {
        Value::String(one) => one == wanted,
        Value::Array(several) => several.iter().any(|one| one == wanted),
        _ => false,
    }
}

/// A number without a fraction as an integer: for JSON Schema, `2.0` is one.
fn whole(number: Value) -> Value {
    let text = number.to_string();
    let integer = text.strip_suffix(".0").and_then(|whole| whole.parse::<i64>().ok());
    integer.map_or(number, Value::from)
}

fn to_text(value: &mut Value) {
    if matches!(value, Value::Number(_) | Value::Bool(_)) {
        *value = Value::String(whole(value.take()).to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_take_the_form_that_the_schema_wants() {
        let Value::Object(schema) = json!({ "properties": {
            "limit": { "type": ["integer", "null"] }, "force": { "type": "boolean" },
            "query": { "type": "string" }, "score": { "type": "number" },
            "scope": { "type": ["object", "null"], "additionalProperties": { "type": "string" } }
        }}) else {
            unreachable!()
        };
        let mut given =
            json!({ "limit": " 10", "force": "true", "query": "5", "score": "0.5", "other": "1" });
        let wanted = json!({ "limit": 10, "force": true, "query": "5", "score": 0.5, "other": "1" });
        to_schema(given.as_object_mut().unwrap(), &schema);
        assert_eq!(given, wanted);
        // A whole number with a fraction is an integer for JSON Schema, and texts of a map may be numbers.
        let mut given = json!({ "limit": 2.0, "score": 0.5, "scope": { "year": 2026, "f": 3.0, "open": true, "x": "1" } });
        let wanted = json!({ "limit": 2, "score": 0.5, "scope": { "year": "2026", "f": "3", "open": "true", "x": "1" } });
        to_schema(given.as_object_mut().unwrap(), &schema);
        assert_eq!(given, wanted);
        let mut given = json!({ "limit": 2.5, "scope": { "a": [1] } });
        to_schema(given.as_object_mut().unwrap(), &schema);
        assert_eq!(given, json!({ "limit": 2.5, "scope": { "a": [1] } }));
        // What is neither is left for the error that names it.
        let mut given = json!({ "limit": "ten", "force": "1" });
        to_schema(given.as_object_mut().unwrap(), &schema);
        assert_eq!(given, json!({ "limit": "ten", "force": "1" }));
    }
}
