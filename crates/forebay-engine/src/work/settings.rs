//! A handler's settings, read strictly: a missing, unknown or wrongly typed setting is an error that names it.

use std::{ops::RangeInclusive, time::Duration};

use forebay_domain::{handoff::HandlerKind, identity::KeyField, units::Period, words::Word};
use forebay_store::pipelines::PipelineSpec;
use serde_json::{Map, Value};

use super::{kind::settings_of, setting_error::SettingError};

/// The result of reading settings.
pub(super) type Result<T> = std::result::Result<T, SettingError>;

/// The settings of a pipeline; reading one removes it.
pub(super) struct Settings {
    pipeline: String,
    rest: Map<String, Value>,
}

impl Settings {
    /// The settings of a pipeline. Error: they are not an object, or the handler has no setting of a name.
    pub(super) fn of(spec: &PipelineSpec) -> Result<Self> {
        let wrong = |setting: &[&str], problem: String| Err(SettingError::new(&spec.name, setting, problem));
        let kind = kind(spec)?;
        let Value::Object(rest) = &spec.config else {
            return wrong(&[], "its settings are not a table of settings".to_owned());
        };
        if let Some(name) = rest.keys().find(|name| !settings_of(kind).contains(&name.as_str())) {
            let known = match settings_of(kind) {
                [] => "it has no settings".to_owned(),
                known => format!("its settings are {}", quoted(known)),
            };
            let problem = format!("the handler `{kind}` has no setting `{name}`; {known}");
            return wrong(&[name], problem).map_err(|error| error.unknown(name, settings_of(kind)));
        }
        Ok(Self { pipeline: spec.name.clone(), rest: rest.clone() })
    }

    /// A string setting.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(&[name], format!("the setting `{name}` must be text"))),
        }
    }

    /// A setting that is a list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.rest.remove(name) else { return Ok(None) };
        let texts = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
        match texts.and_then(Iterator::collect) {
            Some(texts) => Ok(Some(texts)),
            None => Err(self.wrong(&[name], format!("the setting `{name}` must be a list of texts"))),
        }
    }

    /// A setting that is a string, or a list of strings.
    pub(super) fn text_or_texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        match self.rest.get(name) {
            Some(Value::String(_)) => Ok(self.text(name)?.map(|text| vec![text])),
            _ => self.texts(name),
        }
    }

    /// A setting that is a whole number within `range`.
    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>> {
        let Some(value) = self.rest.remove(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let (least, most) = (range.start(), range.end());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(
                &[name],
                format!("the setting `{name}` must be a whole number from {least} to {most}"),
            )),
        }
    }

    /// A boolean setting.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(&[name], format!("the setting `{name}` must be true or false"))),
        }
    }

    /// A duration with its unit, such as `30s` or `5m`: more than zero and at most `longest`.
    pub(super) fn duration(&mut self, name: &str, longest: Duration) -> Result<Option<Duration>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let duration = text.parse::<Period>().ok().map(Period::get);
        match duration.filter(|duration| *duration <= longest) {
            Some(duration) => Ok(Some(duration)),
            None => Err(self.wrong(
                &[name],
                format!(
                    "the setting `{name}` must be a duration such as \"30s\" or \"5m\", at most {} seconds",
                    longest.as_secs()
                ),
            )),
        }
    }

    /// A setting that is a table.
    pub(super) fn table(&mut self, name: &str) -> Result<Option<Map<String, Value>>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::Object(table)) => Ok(Some(table)),
            Some(_) => Err(self.wrong(&[name], format!("the setting `{name}` must be a table"))),
        }
    }

    /// The payload field that the text of a setting names.
    pub(super) fn field(&self, setting: &[&str], text: &str) -> Result<KeyField> {
        text.parse().map_err(|error| self.wrong(setting, format!("`{text}` does not name a field: {error}")))
    }

    /// The name of the pipeline.
    pub(super) fn pipeline(&self) -> &str {
        &self.pipeline
    }

    /// An error that names the pipeline and the setting.
    pub(super) fn wrong(&self, setting: &[&str], problem: impl Into<String>) -> SettingError {
        SettingError::new(&self.pipeline, setting, problem)
    }
}

/// The kind of a pipeline's handler. Error: there is no such handler.
pub(super) fn kind(spec: &PipelineSpec) -> Result<HandlerKind> {
    HandlerKind::parse(&spec.handler).ok_or_else(|| {
        let problem =
            format!("there is no handler `{}`; there are {}", spec.handler, quoted(HandlerKind::WORDS));
        SettingError::new(&spec.name, &["handler"], problem).unknown(&spec.handler, HandlerKind::WORDS)
    })
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
