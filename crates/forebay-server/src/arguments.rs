//! Arguments that many endpoints share.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The most entries of a page.
const MOST: u32 = 1000;

/// The maximum number of entries of a page: 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Limit<const DEFAULT: u32>(u32);

impl<const DEFAULT: u32> Limit<DEFAULT> {
    /// The number.
    pub(crate) fn get<T: From<u32>>(self) -> T {
        self.0.into()
    }
}

impl<const DEFAULT: u32> Default for Limit<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: u32> TryFrom<u32> for Limit<DEFAULT> {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if (1..=MOST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("limit: expected 1 to {MOST}, got {number}"))
        }
    }
}

impl<const DEFAULT: u32> JsonSchema for Limit<DEFAULT> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT })
    }
}
