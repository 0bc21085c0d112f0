//! Parses arguments of tools: limits, times and scopes from a model.

use std::collections::BTreeMap;

use forebay_domain::scope::Scope;
use jiff::Timestamp;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::{cli::values, failure::Failure};

/// The page size: as requested, at most `most`. A larger request is not an error, because there are further pages.
pub(super) fn limit(asked: Option<u32>, default: u32, most: u32) -> u32 {
    asked.unwrap_or(default).clamp(1, most)
}

/// Parses a time. Error: `time_invalid`.
pub(super) fn time(text: &str) -> Result<Timestamp, Failure> {
    values::time(text).map_err(|expected| {
        Failure::usage("time_invalid", format!("{text:?} is not a time: {expected}"))
            .hint("times are RFC 3339 with a zone, such as 2026-01-31T12:00:00Z, or a date")
    })
}

/// Parses a scope. Errors: the codes of a scope, such as `scope_invalid_key`.
pub(super) fn scope(pairs: &BTreeMap<String, String>) -> Result<Scope, Failure> {
    Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}"))).map_err(|error| {
        Failure::usage(error.code(), error.to_string())
            .hint("a scope is an object of names and values, such as {\"semester\": \"Spring 2026\"}")
    })
}

/// Reads numbers and switches that a model wrote as text, `"10"` or `"true"`, where the input schema wants no text.
pub(super) fn numbers_from_text(arguments: &mut JsonObject, schema: &JsonObject) {
    for (name, value) in arguments {
        let Value::String(text) = value else { continue };
        let types = schema.get("properties").and_then(|properties| properties.get(name)?.get("type"));
        let is_of = |wanted: &str| match types {
            Some(Value::String(one)) => one == wanted,
            Some(Value::Array(several)) => several.iter().any(|one| one == wanted),
            _ => false,
        };
        if is_of("string") {
            continue;
        }
        match serde_json::from_str(text.trim()) {
            Ok(number @ Value::Number(_)) if is_of("integer") || is_of("number") => *value = number,
            Ok(switch @ Value::Bool(_)) if is_of("boolean") => *value = switch,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_a_number_only_where_the_schema_wants_one() {
        let Value::Object(schema) = json!({ "properties": {
            "limit": { "type": ["integer", "null"] }, "force": { "type": "boolean" },
            "query": { "type": "string" }, "score": { "type": "number" }
        }}) else {
            unreachable!()
        };
        let mut given =
            json!({ "limit": " 10", "force": "true", "query": "5", "score": "0.5", "other": "1" });
        let wanted = json!({ "limit": 10, "force": true, "query": "5", "score": 0.5, "other": "1" });
        numbers_from_text(given.as_object_mut().unwrap(), &schema);
        assert_eq!(given, wanted);
        // What is neither is left for the error that names it.
        let mut given = json!({ "limit": "ten", "force": "1" });
        numbers_from_text(given.as_object_mut().unwrap(), &schema);
        assert_eq!(given, json!({ "limit": "ten", "force": "1" }));
    }
}
