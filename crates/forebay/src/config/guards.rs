//! `[sources.NAME.guards]`: which changes of a complete run are withheld for review.

use std::fmt;

use forebay_domain::{
    guards::{Confirm, GuardPolicy, RemovalPolicy},
    rekey::RekeyPolicy,
    words,
};
use forebay_engine::persist::{DEFAULT_MAX_REJECTED_KEPT, DEFAULT_MAX_REJECTED_SHARE};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, IntoDeserializer, MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};

use crate::cli::values::Share;

/// Limits beyond which changes of a complete run are withheld for review. Shares are from 0 to 1 of the records in the
/// scope.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Guards {
    /// Whether guards are on. Default: true.
    pub(crate) enabled: bool,
    /// Whether complete runs remove records that they don't see: `guarded` or `never`, for lists that show only the
    /// newest. `{ confirm = { runs = 5, days = 7 } }` removes what 5 runs in a row, over at least 7 days, didn't see.
    /// Default: `guarded`.
    removals: Removals,
    /// What happens to records that reappear under other keys: `hold` withholds them, `follow` moves pairs with equal
    /// content to their new keys, `off` removes and adds. Default: `hold`.
    #[schemars(schema_with = "words::schema::<RekeyPolicy>")]
    rekey: RekeyPolicy,
    /// Maximum share of references that may vanish at once. Default: learnt from the scope's earlier runs, at least
    /// 0.1.
    pub(crate) max_removed: Option<Share>,
    /// Maximum share of references that one run may change. Default: 1, no limit.
    pub(crate) max_changed: Option<Share>,
    /// Maximum share of rejected records; with more, the run fails. Default: 0.1.
    pub(crate) max_rejected: Option<Share>,
    /// How many rejected records of a run are stored with their text; the others are only counted. Default: 10000.
    pub(crate) max_rejected_kept: Option<u64>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            enabled: true,
            removals: Removals::default(),
            rekey: RekeyPolicy::default(),
            max_removed: None,
            max_changed: None,
            max_rejected: None,
            max_rejected_kept: None,
        }
    }
}

impl Guards {
    /// The guards in the engine's form.
    pub(crate) fn policy(&self) -> GuardPolicy {
        let default = GuardPolicy::default();
        GuardPolicy {
            enabled: self.enabled,
            removals: self.removals.policy,
            confirm: self.removals.confirm,
            rekey: self.rekey,
            max_removed_share: self.max_removed.map(Share::get),
            max_changed_share: self.max_changed.map_or(default.max_changed_share, Share::get),
            ..default
        }
    }

    /// The share of rejected records above which a run fails.
    pub(crate) fn max_rejected_share(&self) -> f64 {
        self.max_rejected.map_or(DEFAULT_MAX_REJECTED_SHARE, Share::get)
    }

    /// How many rejected records of a run are stored with their text.
    pub(crate) fn max_rejected_kept(&self) -> u64 {
        self.max_rejected_kept.unwrap_or(DEFAULT_MAX_REJECTED_KEPT)
    }
}

/// A word, or the confirmation that removals need.
#[derive(Clone, Copy, Debug, Default)]
struct Removals {
    policy: RemovalPolicy,
    confirm: Option<Confirm>,
}

/// The shape of [`Removals`] in the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Shape {
    Word(#[schemars(schema_with = "words::schema::<RemovalPolicy>")] String),
    Confirmed(Confirmed),
}

/// Removals that are applied without review once later runs confirm them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    /// When removals are applied without review. Required.
    confirm: Confirmation,
}

/// How often and how long a reference must be missing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    /// Minimum number of complete runs in a row that missed the reference. Required.
    #[schemars(range(min = 1))]
    runs: u32,
    /// Minimum number of days since the first of them. Required.
    days: u32,
}

impl<'de> Deserialize<'de> for Removals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Removals;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`guarded`, `never`, or `{ confirm = { runs = 5, days = 7 } }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Removals, E> {
                let word: StrDeserializer<'_, E> = text.into_deserializer();
                Ok(Removals { policy: RemovalPolicy::deserialize(word)?, confirm: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Removals, A::Error> {
                let Confirmed { confirm } = Confirmed::deserialize(MapAccessDeserializer::new(map))?;
                if confirm.runs == 0 {
                    return Err(de::Error::custom("confirm needs at least 1 in runs"));
                }
                let confirm = Confirm { num_runs: confirm.runs.into(), num_days: confirm.days };
                Ok(Removals { policy: RemovalPolicy::Guarded, confirm: Some(confirm) })
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

impl JsonSchema for Removals {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Removals".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::json_schema(generator)
    }
}
