//! A handler's settings, read strictly: what is missing, of another kind, or not known to the handler is told by name.

use forebay_domain::identity::KeyField;
use forebay_store::pipelines::PipelineSpec;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The settings of a pipeline that have not been read yet.
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

    /// A setting that is text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("the setting `{name}` must be text"))),
        }
    }

    /// A setting that is a list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.rest.remove(name) else { return Ok(None) };
        let texts = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
        match texts.and_then(Iterator::collect) {
            Some(texts) => Ok(Some(texts)),
            None => Err(self.wrong(format!("the setting `{name}` must be a list of texts"))),
        }
    }

    /// A setting that is a table of its own.
    pub(super) fn table(&mut self, name: &str) -> Result<Option<Map<String, Value>>> {
        match self.rest.remove(name) {
            None => Ok(None),
            Some(Value::Object(table)) => Ok(Some(table)),
            Some(_) => Err(self.wrong(format!("the setting `{name}` must be a table"))),
        }
    }

    /// Refuses what the handler has not read.
    pub(super) fn end(&self, handler: &str) -> Result<()> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.wrong(format!("the handler `{handler}` has no setting `{name}`"))),
        }
    }

    /// The field of the payload that a text names.
    pub(super) fn field(&self, text: &str) -> Result<KeyField> {
        text.parse().map_err(|error| self.wrong(format!("`{text}` does not name a field: {error}")))
    }

    /// An error that names the pipeline.
    pub(super) fn wrong(&self, reason: impl Into<String>) -> Error {
        Error::PipelineConfig { pipeline: self.pipeline.clone(), reason: reason.into() }
    }
}
