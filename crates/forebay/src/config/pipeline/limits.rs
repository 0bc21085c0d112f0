//! `[pipelines.NAME.limits]`: limits that all workers of a pipeline share.

use forebay_domain::{identity::KeyField, units::Rate};
use forebay_engine::work::{self, LimitKey};
use schemars::JsonSchema;
use serde::Deserialize;

/// Limits shared by all workers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "WrittenLimits")]
pub(crate) struct Limits(pub(super) work::Limits);

/// Limits shared by all workers of a pipeline.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLimits {
    /// Maximum hand-offs in progress. Default: no limit.
    #[schemars(range(min = 1))]
    max_active: Option<u32>,
    /// Maximum rate of new attempts, such as `10/s`, `100/min`, `500/h` or `unlimited`. Default: no limit.
    rate: Option<Rate>,
    /// Field whose values are limited separately: a name or JSON pointer (RFC 6901). Default: none.
    key: Option<String>,
    /// Whether the field holds URLs to limit by host. Default: false.
    #[serde(default)]
    key_is_url: bool,
    /// Maximum hand-offs in progress per value. Default: no limit.
    #[schemars(range(min = 1))]
    key_max_active: Option<u32>,
    /// Maximum rate of new attempts per value. Default: no limit.
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
                return Err("key has no effect without key_max_active or key_rate".into());
            }
            Some(key) => Some(LimitKey { path: path(key)?, is_url: written.key_is_url }),
            None if is_limited || written.key_is_url => {
                return Err("limits by key need the field in key".into());
            }
            None => None,
        };
        Ok(Self(work::Limits {
            max_active: number("max_active", written.max_active)?,
            rate: written.rate.and_then(Rate::get),
            key,
            key_max_active: number("key_max_active", written.key_max_active)?,
            key_rate: written.key_rate.and_then(Rate::get),
        }))
    }
}

/// The path to a field: its name, or the tokens of its JSON pointer.
fn path(text: &str) -> Result<Vec<String>, String> {
    match text.parse::<KeyField>() {
        Ok(field) => Ok(field.path().to_vec()),
        Err(error) => Err(format!("`{text}` does not name a field: {error}")),
    }
}
