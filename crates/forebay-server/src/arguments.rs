//! Arguments that many endpoints share.

use std::{collections::BTreeMap, time::Duration};

use forebay_domain::{field_filter::FieldFilter, identity::ReferenceId, scope::Scope};
use forebay_views::{failure::Failure, names::RunName};
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

/// The id of a reference.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Id(ReferenceId);

impl Id {
    /// The id.
    pub(crate) fn get(self) -> ReferenceId {
        self.0
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let id = text.parse::<ReferenceId>().map_err(|error| format!("{text:?} is not an id: {error}"))?;
        Ok(Self(id))
    }
}

impl JsonSchema for Id {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}

/// A part of a whole: 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
#[schemars(inline)]
pub(crate) struct Share(#[schemars(range(min = 0.0, max = 1.0))] f64);

impl Share {
    /// The number.
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err("expected a share from 0 to 1".to_owned())
        }
    }
}

/// A scope in its text form: `semester=Spring 2026,university=CSI`. Errors: `scope_invalid_key` and similar.
pub(crate) fn scope(text: &str) -> Result<Scope, Failure> {
    text.parse()
        .map_err(|error: forebay_domain::scope::ScopeError| Failure::usage(error.code(), error.to_string()))
}

/// A scope as names and values. Errors: `scope_invalid_key` and similar.
pub(crate) fn scope_of(pairs: &BTreeMap<String, String>) -> Result<Scope, Failure> {
    Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}")))
        .map_err(|error| Failure::usage(error.code(), error.to_string()))
}

/// How many seconds a request waits: 0 to 50. A request that takes a minute is refused.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "u64")]
#[schemars(inline)]
pub(crate) struct Wait(#[schemars(range(min = 0, max = 50))] u64);

impl Wait {
    /// The span.
    pub(crate) fn get(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl Default for Wait {
    fn default() -> Self {
        Self(30)
    }
}

impl TryFrom<u64> for Wait {
    type Error = &'static str;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        if seconds <= 50 { Ok(Self(seconds)) } else { Err("expected 0 to 50 seconds") }
    }
}

/// Conditions on fields, each as `FIELD=VALUE`. Error: `field_invalid`.
pub(crate) fn fields(texts: &[String]) -> Result<Vec<FieldFilter>, Failure> {
    let parse = |text: &String| {
        text.parse().map_err(|error: forebay_domain::field_filter::FieldFilterError| {
            Failure::usage("field_invalid", format!("{text:?} cannot be a condition: {error}"))
                .hint("write FIELD=VALUE with a name such as credits, or a JSON pointer such as /venue/city")
        })
    };
    texts.iter().map(parse).collect()
}

/// The parameter of paths under a run.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RunPath {
    /// The id of the run, or `latest`.
    #[schemars(with = "String")]
    pub(crate) run: RunName,
}

/// The parameter of paths under a source.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SourcePath {
    /// The name of the source.
    pub(crate) source: String,
}

/// The parameter of paths under a reference.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ReferencePath {
    /// The id of the reference, or `NAME/RECORD_KEY` with the slash as `%2F`.
    pub(crate) reference: String,
}
