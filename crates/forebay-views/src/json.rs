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
}
