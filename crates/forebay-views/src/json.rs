//! Stored JSON inside a view.

use std::borrow::Cow;

use forebay_engine::{Error, Result, payload::Canonical};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Any JSON value, kept as text to preserve every digit of its numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// A value from its text.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn parse(text: String) -> serde_json::Result<Self> {
        RawValue::from_string(text).map(Self)
    }

    /// A stored value in canonical form.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn canonical(text: &str, canonical: &mut Canonical) -> Result<Self> {
        Self::parse(canonical.text(text)?).map_err(|error| Error::Payload(error.to_string()))
    }

    /// The value's text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The value's text with a line for each field and element, every digit as it is.
    pub fn pretty(&self) -> String {
        let mut pretty = String::new();
        let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
        let mut last = ' ';
        for char in self.text().chars().filter(|char| !matches!(char, '\n' | '\r' | '\t')) {
            if in_string {
                in_string = char != '"' || is_escaped;
                is_escaped = char == '\\' && !is_escaped;
            } else if char == ' ' {
                continue;
            } else {
                in_string = char == '"';
                let closes = matches!(char, '}' | ']');
                depth = if closes { depth.saturating_sub(1) } else { depth };
                let is_empty = closes && matches!(last, '{' | '[');
                if (closes || matches!(last, '{' | '[' | ',')) && !is_empty {
                    pretty.push('\n');
                    pretty.extend(std::iter::repeat_n("  ", depth));
                } else if last == ':' {
                    pretty.push(' ');
                }
                depth += usize::from(matches!(char, '{' | '['));
            }
            pretty.push(char);
            last = if in_string { 's' } else { char };
        }
        pretty
    }
}

/// Whether a text in a value contains the NUL character, which no text of Postgres can.
pub fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        // The text of a `Value` is always JSON, so the fallback is never used.
        Self::parse(value.to_string()).unwrap_or_else(|_| Self(RawValue::NULL.to_owned()))
    }
}

impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_survives() {
        let text = r#"{"id":123456789012345678901234567890}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!((serde_json::to_string(&json).unwrap().as_str(), json.text()), (text, text));
        assert!(Json::parse("{".to_owned()).is_err());
    }

    #[test]
    fn pretty_text_has_a_line_for_each_field() {
        let text =
            r#"{"a":123456789012345678901234567890,"b":[1.10,{"c":"x: \"{\\"}],"d":{},"e":[ ] , "f":"y"}"#;
        let pretty = Json::parse(text.to_owned()).unwrap().pretty();
        let lines = [
            "{",
            r#"  "a": 123456789012345678901234567890,"#,
            r#"  "b": ["#,
            "    1.10,",
            "    {",
            r#"      "c": "x: \"{\\""#,
            "    }",
            "  ],",
            r#"  "d": {},"#,
            r#"  "e": [],"#,
            r#"  "f": "y""#,
            "}",
        ];
        assert_eq!(pretty, lines.join("\n"));
    }

    proptest::proptest! {
        #[test]
        fn pretty_text_is_the_same_value(text in "[a-c{}\\[\\]\",: \\\\0-9]{0,20}") {
            let value = serde_json::json!({ "t": text, "l": [text, [], {}, { "u": null }] });
            let pretty = Json::from(&value).pretty();
            proptest::prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value.clone());
            proptest::prop_assert_eq!(pretty, serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
