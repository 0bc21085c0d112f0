//! `[pipelines.NAME]`: a pipeline that ingests the references of a source.
//!
//! This file has the keys of every pipeline. The engine reads the handler's own keys; this file adds the place in the
//! file to its errors. [`shape`] documents all keys.

mod endpoints;
mod limits;
mod retry;
mod shape;

use std::{borrow::Cow, collections::BTreeMap};

use forebay_engine::work::{PipelineSpec, SettingError, check_settings};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::{limits::Limits, retry::Retry};
use super::error::Problem;

/// The keys that every pipeline has.
pub(super) const COMMON: &[&str] =
    &["source", "handler", "enabled", "entities", "changed_fields", "retry", "limits", "role", "endpoints"];

/// One pipeline. Its documentation is that of [`shape::PipelineShape`].
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pipeline {
    /// Source whose references it ingests; `"*"` is every source. Required.
    pub(crate) source: String,
    /// Handler that ingests them. Required.
    pub(crate) handler: String,
    /// Whether it receives hand-offs. Default: true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// The entity types that it ingests. Default: empty, for every type.
    #[serde(default)]
    pub(crate) entities: Vec<String>,
    /// The top-level fields that it uses: a new version that changes none of them is not handed off to it. Default:
    /// empty, for every version.
    #[serde(default)]
    pub(crate) changed_fields: Vec<String>,
    /// Retries of failed attempts, by failure class. Default: the built-in policies.
    #[serde(default)]
    pub(crate) retry: BTreeMap<String, Retry>,
    /// Limits shared by all its workers. Default: no limits.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// The database role whose members may work for it. Default: `forebay_worker`.
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// The endpoints of a webhook with several. Default: none.
    #[serde(default)]
    pub(crate) endpoints: Vec<Map<String, Value>>,
    /// The settings of the handler.
    #[serde(flatten)]
    pub(crate) settings: Map<String, Value>,
}

impl Pipeline {
    /// Checks limits, retries and the settings of the handler.
    pub(super) fn check(&self, name: &str) -> Result<(), Problem> {
        endpoints::check(self, name)?;
        self.declared_as(name).iter().enumerate().try_for_each(|(place, spec)| {
            check_settings(spec).map_err(|error| self.located(name, place, error))
        })
    }

    /// The pipelines in the engine's form, with their names: one, or one for each endpoint.
    pub(crate) fn declared_as(&self, name: &str) -> Vec<PipelineSpec> {
        if self.endpoints.is_empty() {
            return vec![self.spec(name.to_owned(), self.settings.clone())];
        }
        let specs = self.endpoints.iter().map(|endpoint| {
            let (name, settings) = endpoints::expand(name, &self.settings, endpoint);
            self.spec(name, settings)
        });
        specs.collect()
    }

    fn spec(&self, name: String, settings: Map<String, Value>) -> PipelineSpec {
        PipelineSpec {
            source_name: (self.source != "*").then(|| self.source.clone()),
            entity_types: self.entities.clone(),
            changed_fields: self.changed_fields.clone(),
            retry: json!(self.retry),
            limits: self.limits.0.clone(),
            worker_role: self.role.clone(),
            enabled: self.enabled,
            ..PipelineSpec::new(name, self.handler.as_str(), Value::Object(settings))
        }
    }

    /// The error of the pipeline at `place` with its place in the file: in the endpoint, if that has the setting.
    fn located(&self, name: &str, place: usize, error: SettingError) -> Problem {
        let problem = Problem::from(SettingError { pipeline: name.to_owned(), ..error.clone() });
        let is_own = |endpoint: &Map<String, Value>| {
            error.setting.first().is_none_or(|setting| endpoint.contains_key(setting))
        };
        if !self.endpoints.get(place).is_some_and(is_own) {
            return problem;
        }
        let path = ["pipelines", name, "endpoints", &place.to_string()].map(str::to_owned);
        Problem { path: path.into_iter().chain(error.setting).collect(), ..problem }
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Self {
        // A misspelt key of every pipeline looks like a setting of the handler.
        let is_key = error.unknown.as_ref().is_some_and(|(name, _)| error.setting == [name.as_str()]);
        let common = if is_key { COMMON } else { &[] };
        let path = ["pipelines".to_owned(), error.pipeline].into_iter().chain(error.setting);
        let problem = Self::at(path, error.problem);
        match &error.unknown {
            Some((name, known)) => problem.meant(name, known.iter().chain(common).copied()),
            None => problem,
        }
    }
}

impl JsonSchema for Pipeline {
    fn schema_name() -> Cow<'static, str> {
        "Pipeline".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shape::PipelineShape::json_schema(generator)
    }
}

fn yes() -> bool {
    true
}
