//! What is probably wrong with a configuration whose settings are valid.
//!
//! Commands accept such a configuration, because another project may declare a source, and another machine may have the
//! secrets and programs.

use forebay_store::pipelines::PipelineSpec;

use super::whole::Configuration;
use crate::{scrape, work};

/// Something that is probably wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable word: `source_undeclared`, `entity_type_unknown`, or the error code of a command that would fail here.
    pub code: &'static str,
    /// The path to the setting, such as `["pipelines", "search", "source"]`.
    pub path: Vec<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The unknown name in the message and the valid names, for a suggestion.
    pub unknown: Option<(String, Vec<String>)>,
}

/// What is probably wrong with a configuration on this machine. Uses no database and no network.
pub fn warnings(configuration: &Configuration<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for source in configuration.sources.values() {
        for missing in scrape::check_machine(source) {
            let path = ["sources", &source.name].into_iter().chain(missing.field);
            warnings.push(Warning {
                code: missing.code,
                path: path.map(str::to_owned).collect(),
                message: format!(
                    "the source {:?} can't be scraped on this machine: {}",
                    source.name, missing.problem
                ),
                unknown: None,
            });
        }
    }
    for spec in configuration.pipelines {
        warnings.extend(source_undeclared(configuration, spec));
        warnings.extend(entity_type_unknown(configuration, spec));
        if let Err(error) = work::check_machine(spec) {
            let path = ["pipelines".to_owned(), spec.name.clone()].into_iter().chain(error.setting.clone());
            warnings.push(Warning {
                code: "pipeline_config",
                path: path.collect(),
                message: format!("on this machine, {error}"),
                unknown: None,
            });
        }
    }
    warnings
}

/// A pipeline on a source that the file doesn't declare.
fn source_undeclared(configuration: &Configuration<'_>, spec: &PipelineSpec) -> Option<Warning> {
    let source = spec.source_name.as_deref()?;
    let known = configuration.entity_types;
    if known.contains_key(source) {
        return None;
    }
    let name = &spec.name;
    Some(Warning {
        code: "source_undeclared",
        path: path(spec, &["source"]),
        message: format!(
            "the pipeline {name:?} ingests the source {source:?}, which this file doesn't declare"
        ),
        unknown: Some((source.to_owned(), known.keys().map(|name| (*name).to_owned()).collect())),
    })
}

/// A pipeline that takes an entity type which its source doesn't have.
fn entity_type_unknown(configuration: &Configuration<'_>, spec: &PipelineSpec) -> Option<Warning> {
    let source = spec.source_name.as_deref()?;
    let entity_type = (*configuration.entity_types.get(source)?)?;
    let index = spec.entity_types.iter().position(|wanted| wanted != entity_type)?;
    let wanted = &spec.entity_types[index];
    Some(Warning {
        code: "entity_type_unknown",
        path: path(spec, &["entities", &index.to_string()]),
        message: format!(
            "the pipeline {:?} takes records of type {wanted:?}, but those of the source {source:?} are of type \
             {entity_type:?}",
            spec.name
        ),
        unknown: Some((wanted.clone(), vec![entity_type.to_owned()])),
    })
}

fn path(spec: &PipelineSpec, setting: &[&str]) -> Vec<String> {
    ["pipelines", &spec.name].iter().chain(setting).map(|part| (*part).to_owned()).collect()
}
