//! The place of a value in a record: the name of a top-level field, or a JSON pointer.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::{
    json::{Kind, Value},
    pointer::{self, Pointer},
};

/// The name of a top-level field, or a JSON pointer (RFC 6901) if it begins with `/`. For a field whose name begins
/// with a slash, write a pointer: `/~1name`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FieldPath {
    text: String,
    /// At least one.
    tokens: Vec<String>,
}

/// A text is neither a field name nor a JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a field name, or a JSON pointer such as /meta/deleted")]
pub struct FieldPathError;

impl FieldPath {
    /// The top-level field with this name, which is not empty and does not begin with a slash.
    pub(crate) fn of_name(name: &str) -> Self {
        Self { text: name.to_owned(), tokens: vec![name.to_owned()] }
    }

    /// The text that it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys and indexes on the way to the value; the first is a top-level field.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The top-level field that contains the value.
    pub fn top_level(&self) -> &str {
        self.tokens.first().map_or("", String::as_str)
    }

    /// The value in a record.
    pub fn locate<'a>(&self, record: Value<'a>) -> Option<Value<'a>> {
        self.tokens.iter().try_fold(record, |value, token| match value.kind() {
            Kind::Object => value.get(token),
            Kind::Array => value.elements().nth(pointer::index(token)?),
            _ => None,
        })
    }

    /// The same place after its top-level field was renamed.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        if self.top_level() != from {
            return self.clone();
        }
        let mut tokens = self.tokens.clone();
        to.clone_into(&mut tokens[0]);
        let text =
            if tokens.len() > 1 || to.starts_with('/') { pointer::join(&tokens) } else { to.to_owned() };
        Self { text, tokens }
    }
}

impl TryFrom<String> for FieldPath {
    type Error = FieldPathError;

    fn try_from(text: String) -> Result<Self, FieldPathError> {
        if text.is_empty() {
            return Err(FieldPathError);
        }
        let tokens = if text.starts_with('/') {
            text.parse::<Pointer>().map_err(|_| FieldPathError)?.tokens().to_vec()
        } else {
            vec![text.clone()]
        };
        Ok(Self { text, tokens })
    }
}

impl FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        Self::try_from(text.to_owned())
    }
}

impl JsonSchema for FieldPath {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FieldPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Parser;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_or_a_pointer_leads_to_the_value() {
        let mut parser = Parser::new(16);
        let record = parser.parse(br#"{"a":{"b":[1,{"c":2}]},"a/b":3,"/x":4}"#).unwrap().root();
        let found = |text: &str| path(text).locate(record).map(|value| value.source().to_owned());
        assert_eq!(found("a/b").as_deref(), Some("3"));
        assert_eq!(found("/a/b/1/c").as_deref(), Some("2"));
        assert_eq!(found("/a~1b").as_deref(), Some("3"));
        assert_eq!(found("/~1x").as_deref(), Some("4"));
        for absent in ["b", "/a/c", "/a/b/2", "/a~1b/c", "/"] {
            assert_eq!(found(absent), None, "{absent}");
        }
        for wrong in ["", "/~2"] {
            assert_eq!(wrong.parse::<FieldPath>(), Err(FieldPathError), "{wrong}");
        }
    }

    #[test]
    fn a_renamed_path_leads_to_the_new_field() {
        for (text, to, expected) in [
            ("a", "b", "b"),
            ("/a", "b", "b"),
            ("/a/c", "b", "/b/c"),
            ("a", "/b", "/~1b"),
            ("c", "b", "c"),
            ("/c/a", "b", "/c/a"),
        ] {
            let renamed = path(text).renamed("a", to);
            assert_eq!(renamed.as_str(), expected);
            assert_eq!(path(expected).tokens(), renamed.tokens(), "it can be parsed again");
        }
    }
}
