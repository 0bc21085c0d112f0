//! `[pipelines.NAME]`: what ingests the references of a source.
//!
//! Here are the keys that every pipeline has. All others are the handler's own: they are passed on as they stand, and
//! the engine checks their values when [`Pipeline::declared_as`] is declared. Only their names are known here, and
//! documented ([`shape`]), so that a misspelt one is told on load, with its place.

mod shape;

use std::collections::BTreeMap;

use forebay_engine::work::{self, LimitKey, PipelineSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::Problem;
use crate::cli::values::Duration;

/// One pipeline. Its documentation is that of [`shape::PipelineShape`].
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pipeline {
    /// Whose references it ingests; `"*"` is every source. Required.
    pub(crate) source: String,
    /// What ingests them. Required.
    pub(crate) handler: String,
    /// False: nothing new is handed off to it, and what waits for it rests. Default: true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// The entity types that it takes. Default: none named, which is every type.
    #[serde(default)]
    pub(crate) entities: Vec<String>,
    /// The top-level fields that it reads: a new version that differs in none of them is not handed off to it. Default:
    /// none named, which is every version.
    #[serde(default)]
    pub(crate) changed_fields: Vec<String>,
    /// How failed attempts are tried again, by failure class. Default: the built-in policies.
    #[serde(default)]
    pub(crate) retry: BTreeMap<Class, Retry>,
    /// What holds over all its workers together. Default: no limits.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// The settings of the handler.
    #[serde(flatten)]
    pub(crate) settings: Map<String, Value>,
}

impl Pipeline {
    /// Makes sure that the handler has settings of these names. Which handlers there are is the engine's to say.
    pub(super) fn check(&self, name: &str) -> Result<(), Problem> {
        let Some(known) = shape::settings_of(&self.handler) else { return Ok(()) };
        let Some(unknown) = self.settings.keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(());
        };
        let settings = match known {
            [] => "none of its own".to_owned(),
            known => known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
        };
        let message = format!("unknown field `{unknown}`; the handler {} takes {settings}", self.handler);
        let names = known.iter().chain(shape::COMMON).copied();
        Err(Problem::at(["pipelines", name, unknown], message).meant(unknown, names))
    }

    /// The pipeline as the engine takes it, under the name that it has in the file.
    pub(crate) fn declared_as(&self, name: &str) -> PipelineSpec {
        PipelineSpec {
            source_name: (self.source != "*").then(|| self.source.clone()),
            entity_types: self.entities.clone(),
            changed_fields: self.changed_fields.clone(),
            retry: json!(self.retry),
            limits: self.limits.0.clone(),
            enabled: self.enabled,
            ..PipelineSpec::new(name, self.handler.as_str(), Value::Object(self.settings.clone()))
        }
    }
}

/// A failure class whose failures are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub(crate) enum Class {
    /// May pass by itself.
    Transient,
    /// The other side asked to come back later.
    Throttled,
    /// The worker did not report before its lease ended.
    Lost,
}

impl TryFrom<String> for Class {
    type Error = String;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "transient" => Ok(Self::Transient),
            "throttled" => Ok(Self::Throttled),
            "lost" => Ok(Self::Lost),
            "permanent" | "poison" => Err(format!(
                "what failed as {word} is never tried again by itself, so there is no retry to set for it"
            )),
            _ => {
                Err(format!("`{word}` is no failure class to retry; there are transient, throttled and lost"))
            }
        }
    }
}

/// What a class of failures costs. What is absent is as in the built-in policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "WrittenRetry")]
pub(crate) struct Retry {
    /// With so many failures of the class a hand-off is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_failures: Option<u32>,
    /// The longest wait after the first failure; it doubles with each further one.
    #[serde(rename = "base_delay_seconds", skip_serializing_if = "Option::is_none")]
    base_delay: Option<Seconds>,
    /// The longest wait of all.
    #[serde(rename = "max_delay_seconds", skip_serializing_if = "Option::is_none")]
    max_delay: Option<Seconds>,
}

/// A duration that is stored as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seconds(Duration);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.get().as_secs_f64())
    }
}

/// What a class of failures costs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenRetry {
    /// With so many failures of the class a hand-off is given up. Default: 10 for `transient`, 4 for `lost`; `throttled`
    /// ones are never given up.
    #[schemars(range(min = 1, max = 1_000_000))]
    max_failures: Option<u32>,
    /// The longest wait after the first failure; it doubles with each further one. Default: `5s` for `transient`, `30s`
    /// for `throttled`, `1s` for `lost`.
    base_delay: Option<Duration>,
    /// The longest wait of all. Default: `1h` for `transient` and `throttled`, `1m` for `lost`.
    max_delay: Option<Duration>,
}

impl TryFrom<WrittenRetry> for Retry {
    type Error = String;

    fn try_from(written: WrittenRetry) -> Result<Self, Self::Error> {
        let WrittenRetry { max_failures, base_delay, max_delay } = written;
        if max_failures.is_some_and(|number| !(1..=1_000_000).contains(&number)) {
            return Err("max_failures must be a whole number from 1 to 1000000".to_owned());
        }
        if base_delay.zip(max_delay).is_some_and(|(base, max)| base.get() > max.get()) {
            return Err("base_delay must not be longer than max_delay".to_owned());
        }
        Ok(Self { max_failures, base_delay: base_delay.map(Seconds), max_delay: max_delay.map(Seconds) })
    }
}

/// Limits of all workers together.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "WrittenLimits")]
pub(crate) struct Limits(work::Limits);

/// What holds over all workers of a pipeline together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenLimits {
    /// The most hand-offs under way. Default: no limit.
    #[schemars(range(min = 1))]
    max_active: Option<u32>,
    /// The most hand-offs begun in a time, such as `10/s`, `100/min` or `500/h`. Default: no limit.
    rate: Option<Rate>,
    /// The field whose values are limited one by one: a name, or a JSON pointer (RFC 6901). Default: none.
    key: Option<String>,
    /// The field holds URLs, and it is their host that counts. Default: false.
    #[serde(default)]
    key_is_url: bool,
    /// The most hand-offs under way with one value. Default: no limit.
    #[schemars(range(min = 1))]
    key_max_active: Option<u32>,
    /// The most hand-offs begun in a time with one value. Default: no limit.
    key_rate: Option<Rate>,
}

impl TryFrom<WrittenLimits> for Limits {
    type Error = String;

    fn try_from(written: WrittenLimits) -> Result<Self, Self::Error> {
        let number = |name: &str, number: Option<u32>| match number.map(i32::try_from) {
            None => Ok(None),
            Some(Ok(number)) if number > 0 => Ok(Some(number)),
            Some(_) => Err(format!("{name} must be a whole number of at least 1")),
        };
        let is_limited = written.key_max_active.is_some() || written.key_rate.is_some();
        let key = match &written.key {
            Some(_) if !is_limited => {
                return Err("key limits nothing without key_max_active or key_rate".into());
            }
            Some(key) => Some(LimitKey { path: path(key)?, is_url: written.key_is_url }),
            None if is_limited || written.key_is_url => {
                return Err("limits by key need key, the field to go by".into());
            }
            None => None,
        };
        Ok(Self(work::Limits {
            max_active: number("max_active", written.max_active)?,
            rate: written.rate.map(|rate| rate.0),
            key,
            key_max_active: number("key_max_active", written.key_max_active)?,
            key_rate: written.key_rate.map(|rate| rate.0),
        }))
    }
}

/// The way to a field: its name, or a JSON pointer (RFC 6901) to it.
fn path(text: &str) -> Result<Vec<String>, String> {
    if let Err(error) = text.parse::<forebay_domain::identity::KeyField>() {
        return Err(format!("`{text}` does not name a field: {error}"));
    }
    Ok(match text.strip_prefix('/') {
        Some(pointer) => {
            pointer.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
        }
        None => vec![text.to_owned()],
    })
}

/// How often something may happen, as a number a second; written with its unit, such as `10/s`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
struct Rate(f64);

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let rate = text.split_once('/').and_then(|(number, unit)| {
            let seconds = match unit.trim() {
                "s" => 1.0,
                "min" | "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
            Some(number.trim().parse::<f64>().ok()? / seconds)
        });
        match rate.filter(|rate| rate.is_finite() && *rate > 0.0) {
            Some(rate) => Ok(Self(rate)),
            None => Err("expected a rate such as \"10/s\", \"100/min\" or \"500/h\"".to_owned()),
        }
    }
}

fn yes() -> bool {
    true
}
