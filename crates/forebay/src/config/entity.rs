//! `[entities.NAME]`: how old data of an entity type may get, and which fields its records have.

use std::{collections::BTreeMap, fmt};

use forebay_domain::{
    entity::{self, FieldType, OnWrongType, Preset, ScalarType, UnknownType},
    field_path::FieldPath,
    units::PeriodOrZero,
    words,
};
use forebay_store::tables::ColumnName;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{error::Problem, freshness::Freshness};
use crate::cli::values::{Duration, Share};

/// An entity type: how old its data may get, and the fields of its typed views.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Entity {
    /// Time to live, counted from the last complete scrape of a scope. Default: that of `[freshness]`.
    ttl: Option<Duration>,
    /// Maximum share (0 to 1) by which `ttl` is shortened. Default: that of `[freshness]`.
    jitter: Option<Share>,
    /// Age to report to operators as a warning. Default: that of `[freshness]`.
    warn_after: Option<Duration>,
    /// Age to report to operators as an error. Default: that of `[freshness]`.
    error_after: Option<Duration>,
    /// How long after expiry to serve stale data at once while it is refreshed. Default: that of `[freshness]`.
    #[schemars(with = "Option<Duration>")]
    stale_while_revalidate: Option<PeriodOrZero>,
    /// How long after expiry to serve stale data if the refresh fails. Default: that of `[freshness]`.
    #[schemars(with = "Option<Duration>")]
    stale_if_error: Option<PeriodOrZero>,
    /// A ready-made declaration of fields, which `fields` adds to and overrides. Default: none.
    #[schemars(schema_with = "words::schema::<Preset>")]
    preset: Option<Preset>,
    /// `NAME = "TYPE"` or `NAME = { type = "TYPE", … }`: its fields, by the name of their column. Default: those of
    /// `preset`; without one, the entity type has no typed views.
    fields: BTreeMap<String, Field>,
    /// Name of its view; that of its revisions has `_revisions` at the end. Default: the entity type.
    view: Option<String>,
    /// What happens to a record with a field of the wrong type, or without a required one: `drift` stores it and
    /// reports drift, `reject` rejects it. Default: `drift`.
    #[schemars(schema_with = "words::schema::<OnWrongType>")]
    on_wrong_type: Option<OnWrongType>,
}

/// A field of an entity type. Instead of a table, the type alone is enough.
#[derive(Clone, Debug)]
struct Field(FieldTable);

/// A field of an entity type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FieldTable {
    /// Its type: `text`, `integer`, `number`, `boolean`, `date`, `timestamp`, `uuid`, `url` or `json`, or a list of
    /// them such as `text[]`.
    #[serde(rename = "type")]
    field_type: String,
    /// Where its value is in a record: a field, or a JSON pointer such as `/when/start`. Default: the field's name.
    path: Option<FieldPath>,
    /// Whether each record has a value for it. Default: false.
    #[serde(default)]
    required: bool,
    /// The entity type whose record key it holds. Default: none.
    references: Option<String>,
    /// Whether it gets an index, for queries that filter or sort by it. Default: false.
    #[serde(default)]
    filter: bool,
}

/// The forms of a field that the schema shows.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "variants are the forms that the schema shows")]
enum FieldForms {
    Type(String),
    Table(FieldTable),
}

impl JsonSchema for Field {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        FieldForms::json_schema(generator)
    }
}

/// Implemented by hand, because the error of a derived untagged enum says neither what was expected nor where.
impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type, or a table with a type")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
                let field_type = text.to_owned();
                let (path, required, references, filter) = (None, false, None, false);
                Ok(Field(FieldTable { field_type, path, required, references, filter }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
                FieldTable::deserialize(MapAccessDeserializer::new(map)).map(Field)
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

impl Entity {
    /// How old its data may get.
    pub(super) fn freshness(&self) -> Freshness {
        Freshness {
            ttl: self.ttl,
            jitter: self.jitter,
            warn_after: self.warn_after,
            error_after: self.error_after,
            stale_while_revalidate: self.stale_while_revalidate,
            stale_if_error: self.stale_if_error,
        }
    }

    fn is_typed(&self) -> bool {
        self.preset.is_some() || !self.fields.is_empty()
    }

    /// A setting that has no effect, because no fields are declared.
    fn idle_setting(&self) -> Option<&'static str> {
        [("view", self.view.is_some()), ("on_wrong_type", self.on_wrong_type.is_some())]
            .into_iter()
            .find_map(|(setting, is_given)| (is_given && !self.is_typed()).then_some(setting))
    }
}

/// The entity types with fields, in the domain's form. Errors: what doesn't fit together.
pub(super) fn typed(entities: &BTreeMap<String, Entity>) -> Result<entity::Declared, Problem> {
    let mut typed = entity::Declared::new();
    for (name, settings) in entities {
        if let Some(setting) = settings.idle_setting() {
            let message = format!("{setting} needs `fields` or a `preset`");
            return Err(Problem::at(["entities", name, setting], message).coded("entity_without_fields"));
        }
        if !settings.is_typed() {
            continue;
        }
        let is_typed = |target: &str| entities.get(target).is_some_and(Entity::is_typed);
        let mut fields = settings.preset.map(|preset| preset.fields(is_typed)).unwrap_or_default();
        for (column, field) in &settings.fields {
            fields.insert(column.clone(), declared(name, column, &field.0)?);
        }
        let view = settings.view.clone().unwrap_or_else(|| name.clone());
        let on_wrong_type = settings.on_wrong_type.unwrap_or_default();
        let entity = entity::Entity { name: name.clone(), view, fields, on_wrong_type };
        let key = if settings.view.is_some() { "view" } else { "fields" };
        for checked in [&entity.view, &entity.revisions_view()] {
            check_name(checked, ["entities", name, key])?;
        }
        typed.insert(name.clone(), entity);
    }
    entity::check(&typed).map_err(|(name, field, error)| {
        let path = ["entities".to_owned(), name].into_iter();
        let path = match field {
            Some(field) => path.chain(["fields".to_owned(), field]).collect::<Vec<_>>(),
            None => path.chain(["view".to_owned()]).collect(),
        };
        let problem = Problem::at(path, error.to_string()).coded(error.code());
        match &error {
            entity::EntityError::ReferenceUnknown(target) => {
                problem.meant(target, typed.keys().map(String::as_str))
            }
            _ => problem,
        }
    })?;
    Ok(typed)
}

fn declared(entity: &str, column: &str, table: &FieldTable) -> Result<entity::Field, Problem> {
    let path = ["entities", entity, "fields", column];
    check_name(column, path)?;
    let unknown = |error: UnknownType| {
        let problem = Problem::at(path.into_iter().chain(["type"]), error.to_string());
        let words = ScalarType::ALL.map(ScalarType::as_str);
        problem.meant(error.unknown.trim_end_matches("[]"), words.into_iter()).coded("entity_type_unknown")
    };
    let field_type: FieldType = table.field_type.parse().map_err(unknown)?;
    let default = entity::Field::new(column, field_type);
    Ok(entity::Field {
        path: table.path.clone().unwrap_or(default.path),
        required: table.required,
        references: table.references.clone(),
        filter: table.filter,
        ..default
    })
}

/// Refuses what can't be the name of a column or view.
fn check_name<const N: usize>(name: &str, path: [&str; N]) -> Result<(), Problem> {
    ColumnName::parse(name)
        .map(drop)
        .map_err(|error| Problem::at(path, error.to_string()).coded(error.code()))
}
