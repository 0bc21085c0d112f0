//! CSS selectors.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;

/// A CSS selector, such as `li.course > h2 a[href]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Selector {
    text: String,
}

impl TryFrom<String> for Selector {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl Selector {
    /// Compiles a selector. Error: `invalid_selector`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self { text: text.to_owned() })
    }
}
