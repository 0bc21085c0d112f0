//! A handler's settings, read strictly: a missing, unknown or wrongly typed setting is an error that names it.

use std::{ops::RangeInclusive, time::Duration};

use forebay_domain::identity::KeyField;
use forebay_store::pipelines::PipelineSpec;
use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The settings of a pipeline; reading one removes it.
pub(super) struct Settings {
    pipeline: String,
    rest: Map<String, Value>,
}

impl Settings {
    /// The settings of a pipeline: an object.
    pub(super) fn of(spec: &PipelineSpec) -> Result<Self> {
        let settings = Self { pipeline: spec.name.clone(), rest: Map::new() };
        match &spec.config {
            Value::Object(rest) => Ok(Self { rest: rest.clone(), ..settings }),
            _ => Err(settings.wrong("its settings are not a table of settings")),
        }
    }

    /// A string setting.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("the setting `{name}` must be text"))),
        }
    }

    /// A setting that is a list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.rest.remove(name) else { return Ok(None) };
        let texts = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
        match texts.and_then(Iterator::collect) {
            Some(texts) => Ok(Some(texts)),
            None => Err(self.wrong(format!("the setting `{name}` must be a list of texts"))),
        }
    }

    /// A setting that is a whole number within `range`.
    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>> {
        let Some(value) = self.rest.remove(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let (least, most) = (range.start(), range.end());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                Err(self.wrong(format!("the setting `{name}` must be a whole number from {least} to {most}")))
            }
        }
    }

    /// A boolean setting.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(format!("the setting `{name}` must be true or false"))),
        }
    }

    /// A duration with its unit, such as `30s` or `5m`: more than zero and at most `longest`.
    pub(super) fn duration(&mut self, name: &str, longest: Duration) -> Result<Option<Duration>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let duration =
            text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
        match duration.filter(|duration| !duration.is_zero() && *duration <= longest) {
            Some(duration) => Ok(Some(duration)),
            None => Err(self.wrong(format!(
                "the setting `{name}` must be a duration such as \"30s\" or \"5m\", at most {} seconds",
                longest.as_secs()
            ))),
        }
    }

    /// A setting that is a table.
    pub(super) fn table(&mut self, name: &str) -> Result<Option<Map<String, Value>>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::Object(table)) => Ok(Some(table)),
            Some(_) => Err(self.wrong(format!("the setting `{name}` must be a table"))),
        }
    }

    /// Error: a setting that the handler has not read.
    pub(super) fn end(&self, handler: &str) -> Result<()> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.wrong(format!("the handler `{handler}` has no setting `{name}`"))),
        }
    }

    /// The payload field with this name.
    pub(super) fn field(&self, text: &str) -> Result<KeyField> {
        text.parse().map_err(|error| self.wrong(format!("`{text}` does not name a field: {error}")))
    }

    /// An error that names the pipeline.
    pub(super) fn wrong(&self, reason: impl Into<String>) -> Error {
        Error::PipelineConfig { pipeline: self.pipeline.clone(), reason: reason.into() }
    }
}
