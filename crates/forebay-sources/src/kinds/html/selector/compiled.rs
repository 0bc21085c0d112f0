//! A selector as a setting: its text and its compiled form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::grammar;
use super::language::Alternative;
use crate::Error;

/// A CSS selector, such as `li.course > h2 a[href]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Selector {
    text: String,
    alternatives: Vec<Alternative>,
}

impl Selector {
    /// Compiles a selector. Error: `invalid_selector`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let alternatives = grammar::parse(text).map_err(|problem| Error::InvalidSelector {
            selector: text.chars().take(200).collect(),
            problem,
        })?;
        Ok(Self { text: text.to_owned(), alternatives })
    }

    /// The selector as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }
}

impl TryFrom<String> for Selector {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
