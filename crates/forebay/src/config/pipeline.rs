//! `[pipelines.NAME]`: a pipeline that ingests the references of a source.
//!
//! This file has the keys of every pipeline. The handler's own keys are passed on unchanged, and the engine checks
//! their values when the pipeline is declared. Only their names are known and documented here ([`shape`]), so that a
//! misspelt one is reported with its place when the file is read.

mod limits;
mod retry;
mod shape;

use std::{borrow::Cow, collections::BTreeMap};

use forebay_domain::handoff::HandlerKind;
use forebay_engine::work::PipelineSpec;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::{
    limits::Limits,
    retry::{Class, Retry},
};
use super::error::Problem;

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
    pub(crate) retry: BTreeMap<Class, Retry>,
    /// Limits shared by all its workers. Default: no limits.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// The settings of the handler.
    #[serde(flatten)]
    pub(crate) settings: Map<String, Value>,
}

impl Pipeline {
    /// Checks that the handler has settings with these names. The engine checks the handler itself.
    pub(super) fn check(&self, name: &str) -> Result<(), Problem> {
        let Some(handler) = HandlerKind::parse(&self.handler) else { return Ok(()) };
        let known = shape::settings_of(handler);
        let Some(unknown) = self.settings.keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(());
        };
        let settings = match known {
            [] => "none".to_owned(),
            known => known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
        };
        let message =
            format!("unknown field `{unknown}`; the settings of handler {} are {settings}", self.handler);
        let names = known.iter().chain(shape::COMMON).copied();
        Err(Problem::at(["pipelines", name, unknown], message).meant(unknown, names))
    }

    /// The pipeline in the engine's form, with its name in the file.
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
