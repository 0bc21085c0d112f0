//! `[pipelines.NAME.limits]`: limits that all workers of a pipeline share.

use forebay_domain::{identity::KeyField, units::Rate};
use forebay_engine::work::{self, LimitKey};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cli::values::Duration;

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
    /// How long a receiver may pause the pipeline or a value with `Retry-After`. Default: `1h`.
    max_pause: Option<Duration>,
}

impl TryFrom<WrittenLimits> for Limits {
    type Error = String;

    fn try_from(written: WrittenLimits) -> Result<Self, Self::Error> {
        let key_rate = written.key_rate.and_then(Rate::get);
        // A key whose rate is written as `unlimited` has no limits.
        let is_unlimited =
            written.key_rate.is_some() && key_rate.is_none() && written.key_max_active.is_none();
        let key = match &written.key {
            Some(key) => {
                let key = LimitKey { path: path(key)?, is_url: written.key_is_url };
                (!is_unlimited).then_some(key)
            }
            None if written.key_is_url => return Err("key_is_url needs the field in key".into()),
            None => None,
        };
        // A limit beyond the largest number of the database never applies.
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(Self(work::Limits {
            max_active: written.max_active.map(number),
            rate: written.rate.and_then(Rate::get),
            key,
            key_max_active: written.key_max_active.map(number),
            key_rate,
            max_pause_seconds: written.max_pause.map(|pause| pause.get().as_secs_f64()),
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
