//! The JSON Schema (draft 2020-12) of the records of an entity type.
//!
//! It is stricter than what is accepted on the way in: text that spells a number or a boolean is not in it.

use forebay_domain::entity::{Entity, Field, FieldType, ScalarType};
use serde_json::{Value, json};

/// The JSON Schema of the records of an entity type.
pub fn entity_schema(entity: &Entity) -> Value {
    let mut root = object();
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!(entity.name);
    for field in entity.fields.values() {
        place(&mut root, field.path.tokens(), field);
    }
    root
}

fn object() -> Value {
    json!({ "type": "object", "properties": {} })
}

/// Puts a field into the schema of an object, creating the objects on the way to it. What is inside a list stays open:
/// a token there is an index.
fn place(schema: &mut Value, tokens: &[String], field: &Field) {
    let Some((token, rest)) = tokens.split_first() else { return };
    if field.required {
        let required = &mut schema["required"];
        match required.as_array_mut() {
            Some(names) if names.iter().any(|name| name == token) => {}
            Some(names) => names.push(json!(token)),
            None => *required = json!([token]),
        }
    }
    let property = &mut schema["properties"][token];
    if rest.is_empty() {
        *property = value(field);
    } else if rest.first().is_some_and(|token| token.bytes().all(|byte| byte.is_ascii_digit())) {
        *property = json!({});
    } else {
        if !property["properties"].is_object() {
            *property = object();
        }
        place(property, rest, field);
    }
}

fn value(field: &Field) -> Value {
    let FieldType { scalar, is_list } = field.field_type;
    let of_scalar = match scalar {
        ScalarType::Text => json!({ "type": "string" }),
        ScalarType::Integer => json!({ "type": "integer" }),
        ScalarType::Number => json!({ "type": "number" }),
        ScalarType::Boolean => json!({ "type": "boolean" }),
        ScalarType::Date => json!({ "type": "string", "format": "date" }),
        ScalarType::Timestamp => json!({ "type": "string", "format": "date-time" }),
        ScalarType::Uuid => json!({ "type": "string", "format": "uuid" }),
        ScalarType::Url => json!({ "type": "string", "format": "uri" }),
        ScalarType::Json => json!({}),
    };
    let mut schema = if is_list { json!({ "type": "array", "items": of_scalar }) } else { of_scalar };
    if !field.required && schema["type"].is_string() {
        schema["type"] = json!([schema["type"], "null"]);
    }
    if let Some(target) = &field.references {
        schema["description"] = json!(format!("The record key of the {target}."));
    }
    schema
}

#[cfg(test)]
mod tests {
    use forebay_domain::entity::{OnWrongType, Preset};

    use super::*;

    #[test]
    fn the_schema_follows_paths() {
        let mut fields = Preset::Event.fields(|_| true);
        fields.get_mut("starts_at").unwrap().path = "/when/start".parse().unwrap();
        fields.get_mut("ends_at").unwrap().path = "/when/end".parse().unwrap();
        fields.get_mut("status").unwrap().path = "/states/0/name".parse().unwrap();
        let entity = Entity {
            name: "event".into(),
            view: "event".into(),
            fields,
            on_wrong_type: OnWrongType::default(),
        };
        let schema = entity_schema(&entity);
        assert_eq!(schema["required"], json!(["when", "title"]));
        assert_eq!(schema["properties"]["when"]["required"], json!(["start"]));
        assert_eq!(schema["properties"]["when"]["properties"]["start"]["format"], "date-time");
        assert_eq!(schema["properties"]["when"]["properties"]["end"]["type"], json!(["string", "null"]));
        assert_eq!(schema["properties"]["tags"]["items"]["type"], "string");
        assert_eq!(schema["properties"]["states"], json!({}));
        assert_eq!(schema["properties"]["venue"]["description"], "The record key of the venue.");
    }
}
