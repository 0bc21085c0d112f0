//! Builds the [`Effect`] of a pipeline: which of its settings hand off again when they change.
//!
//! Default values are left out, so writing one down changes nothing, and neither does a new setting of a later version.

use forebay_domain::identity::VersionHash;
use forebay_store::pipelines::Effect;
use serde_json::{Map, Value};

/// The settings that shape that which is sent or written.
#[derive(Debug, Default)]
pub(super) struct Shape(Map<String, Value>);

impl Shape {
    /// Adds a setting, unless it has its default value.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>, default: impl Into<Value>) -> Self {
        let value = value.into();
        if value != default.into() {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// The effect of a handler that writes to this database.
    pub(super) fn written(self) -> Effect {
        Effect { shape: Value::Object(self.0), receiver: None }
    }

    /// The effect of a handler that sends to `receiver`. Only a digest of it is kept.
    pub(super) fn sent_to(self, receiver: &Value) -> Effect {
        Effect { shape: Value::Object(self.0), receiver: Some(digest(receiver)) }
    }
}

/// Stands for a value that may be secret: equal values have equal digests.
pub(super) fn digest(value: &Value) -> String {
    VersionHash::of(value.to_string().as_bytes()).to_string()
}

/// A short digest of what shapes an effect. `None`: all of it has default values.
pub(super) fn tag(effect: &Effect) -> Option<String> {
    let is_default = effect.shape.as_object().is_none_or(Map::is_empty);
    (!is_default).then(|| digest(&effect.shape).chars().take(8).collect())
}
