//! `on_duplicate`: a word, or the field that says which record is newest.

use std::{borrow::Cow, fmt};

use forebay_domain::{field_path::FieldPath, run};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// How to handle a key that appears again in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnDuplicate(run::OnDuplicate);

/// The shape of [`OnDuplicate`] in the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Shape {
    Policy(Word),
    Newest(Newest),
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Word {
    First,
    Last,
    Merge,
    Reject,
}

/// Keep the newest record of a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Newest {
    /// Field or JSON pointer whose greatest value is the newest: numbers by value, times (RFC 3339) as instants, other
    /// texts by their bytes. Required.
    newest_by: FieldPath,
}

impl From<OnDuplicate> for run::OnDuplicate {
    fn from(OnDuplicate(policy): OnDuplicate) -> Self {
        policy
    }
}

impl<'de> Deserialize<'de> for OnDuplicate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = OnDuplicate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`first`, `last`, `merge`, `reject`, or `{ newest_by = \"updated_at\" }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OnDuplicate, E> {
                let is_word = !text.contains('=');
                let policy = text.parse().ok().filter(|_| is_word);
                policy.map(OnDuplicate).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OnDuplicate, A::Error> {
                let Newest { newest_by } = Newest::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OnDuplicate(run::OnDuplicate::Newest(newest_by)))
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

impl JsonSchema for OnDuplicate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OnDuplicate".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::json_schema(generator)
    }
}
