//! Checks a document against the part of JSON Schema that the schemas of views use.
//!
//! Stricter than JSON Schema in one respect: a field that the schema does not name is an error.

use serde_json::{Map, Value};

/// Every disagreement between a document and its schema, with the path to it.
pub(super) fn problems(document: &Value, schema: &Value) -> Vec<String> {
    let empty = Map::new();
    let definitions = schema["$defs"].as_object().unwrap_or(&empty);
    let mut problems = Vec::new();
    check(document, schema, definitions, "$", &mut problems);
    problems
}

fn check(
    value: &Value,
    schema: &Value,
    definitions: &Map<String, Value>,
    path: &str,
    problems: &mut Vec<String>,
) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = &definitions[name.trim_start_matches("#/$defs/")];
        return check(value, target, definitions, path, problems);
    }
    for name in ["anyOf", "oneOf"] {
        if let Some(alternatives) = schema[name].as_array() {
            let fits = |alternative: &&Value| {
                let mut found = Vec::new();
                check(value, alternative, definitions, path, &mut found);
                found.is_empty()
            };
            if !alternatives.iter().any(|alternative| fits(&alternative)) {
                problems.push(format!("{path}: {value} fits no alternative"));
            }
        }
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        problems.push(format!("{path}: {value} is not {constant}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        problems.push(format!("{path}: {value} is none of {words:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(value, kind)) {
        problems.push(format!("{path}: {value} is not {}", kinds.join(" or ")));
    }
    if schema["format"] == "date-time" && value.as_str().is_some_and(|text| !is_time(text)) {
        problems.push(format!("{path}: {value} is not a time in UTC with milliseconds"));
    }
    if let (Some(items), Some(item)) = (value.as_array(), schema.get("items")) {
        for (place, value) in items.iter().enumerate() {
            check(value, item, definitions, &format!("{path}[{place}]"), problems);
        }
    }
    if let Some(fields) = value.as_object() {
        check_fields(fields, schema, definitions, path, problems);
    }
}

fn check_fields(
    fields: &Map<String, Value>,
    schema: &Value,
    definitions: &Map<String, Value>,
    path: &str,
    problems: &mut Vec<String>,
) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            problems.push(format!("{path}: {name} is missing"));
        }
    }
    let Some(properties) = schema["properties"].as_object() else {
        if let Some(each) = schema.get("additionalProperties").filter(|each| each.is_object()) {
            for (name, value) in fields {
                check(value, each, definitions, &format!("{path}.{name}"), problems);
            }
        }
        return;
    };
    for (name, value) in fields {
        match properties.get(name) {
            Some(property) => check(value, property, definitions, &format!("{path}.{name}"), problems),
            None => problems.push(format!("{path}: {name} is not in the schema")),
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// `2026-01-31T06:00:00.000Z`.
fn is_time(text: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00.000Z";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE.bytes()).all(|(found, shape)| match shape {
            b'0' => found.is_ascii_digit(),
            _ => found == shape,
        })
}

#[test]
fn disagreements_are_found() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "at": { "type": "string", "format": "date-time" },
            "state": { "enum": ["open", "closed"] },
            "run": { "anyOf": [{ "$ref": "#/$defs/Run" }, { "type": "null" }] },
        },
        "required": ["at", "state", "run"],
        "$defs": { "Run": {
            "type": "object",
            "properties": { "num": { "type": "integer" } },
            "required": ["num"],
        } },
    });
    let good = serde_json::json!({ "at": "2026-01-31T06:00:00.000Z", "state": "open", "run": { "num": 1 } });
    assert_eq!(problems(&good, &schema), [""; 0]);
    for (field, value, problem) in [
        ("at", serde_json::json!("2026-01-31T06:00:00Z"), "is not a time"),
        ("state", serde_json::json!("ajar"), "is none of"),
        ("run", serde_json::json!({ "num": 1.5 }), "fits no alternative"),
        ("more", serde_json::json!(1), "is not in the schema"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let found = problems(&bad, &schema);
        assert!(found.len() == 1 && found[0].contains(problem), "{found:?}");
    }
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("run");
    assert_eq!(problems(&bad, &schema), ["$: run is missing"]);
}
