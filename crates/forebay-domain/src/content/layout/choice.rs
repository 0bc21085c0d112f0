//! A layout as people name one: `"hugo"`, or a table of settings.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize,
    de::{
        self, Deserializer, IntoDeserializer, MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};

use super::{preset::Preset, settings::LayoutSettings};

/// The name of a preset, or a table that changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutChoice(LayoutSettings);

impl LayoutChoice {
    /// The settings that it means.
    pub fn settings(self) -> LayoutSettings {
        self.0
    }
}

/// The shape of [`LayoutChoice`] in the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Shape {
    Preset(#[schemars(schema_with = "crate::words::schema::<Preset>")] String),
    Table(Box<LayoutSettings>),
}

impl<'de> Deserialize<'de> for LayoutChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = LayoutChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a layout, or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<LayoutChoice, E> {
                let name: StrDeserializer<'_, E> = text.into_deserializer();
                let preset = Some(Preset::deserialize(name)?);
                Ok(LayoutChoice(LayoutSettings { preset, ..LayoutSettings::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LayoutChoice, A::Error> {
                LayoutSettings::deserialize(MapAccessDeserializer::new(map)).map(LayoutChoice)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

impl JsonSchema for LayoutChoice {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LayoutChoice".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::json_schema(generator)
    }
}
