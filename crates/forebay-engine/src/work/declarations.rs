//! The pipelines that a program declares itself.
//!
//! A row of `forebay.pipelines` names commands, URLs, the variables of secrets, and tables. If workers ran what a row
//! names, every role that can write the table could run commands on their machines. So a row only identifies a
//! pipeline: a worker runs it if its own program declares the same.

use std::collections::BTreeMap;

use forebay_domain::handoff::HandlerKind;
use forebay_store::pipelines::PipelineSpec;

use crate::error::DeclarationError;

/// The pipelines that a program declares itself, usually those of its `forebay.toml`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declarations(BTreeMap<String, PipelineSpec>);

impl Declarations {
    /// These pipelines.
    pub fn new(specs: impl IntoIterator<Item = PipelineSpec>) -> Self {
        Self(specs.into_iter().map(|spec| (spec.name.clone(), spec)).collect())
    }

    /// The declaration of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&PipelineSpec> {
        self.0.get(name)
    }

    /// Checks that this program declares the handler and the settings of a stored pipeline. `documents` without
    /// embeddings needs no declaration, because it writes only Forebay's own tables. Error: `pipeline_undeclared` or
    /// `pipeline_declared_otherwise`.
    pub fn check(&self, stored: &PipelineSpec) -> Result<(), DeclarationError> {
        if stored.handler == HandlerKind::Documents.as_str() && stored.config.get("embeddings").is_none() {
            return Ok(());
        }
        let pipeline = stored.name.clone();
        match self.0.get(&stored.name) {
            None => Err(DeclarationError::PipelineUndeclared { pipeline }),
            // Filters, limits and retries do not say what is run.
            Some(own) if (&own.handler, &own.config) == (&stored.handler, &stored.config) => Ok(()),
            Some(_) => Err(DeclarationError::PipelineOtherwise { pipeline }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_program_declares_is_run() {
        let hook = |url: &str| PipelineSpec::new("hook", "webhook", json!({"url": url}));
        let own = Declarations::new([hook("https://a.example")]);
        let code = |spec: &PipelineSpec| own.check(spec).err().map(|error| error.code());
        assert_eq!(code(&hook("https://a.example").of_source("other")), None);
        assert_eq!(code(&hook("https://b.example")), Some("pipeline_declared_otherwise"));
        let other = PipelineSpec::new("run", "exec", json!({"command": ["sh"]}));
        assert_eq!(code(&other), Some("pipeline_undeclared"));
        assert_eq!(
            code(&PipelineSpec::new("hook", "exec", json!({"url": "https://a.example"}))),
            Some("pipeline_declared_otherwise")
        );
        let documents = |config| PipelineSpec::new("search", "documents", config);
        assert_eq!(code(&documents(json!({"title": "name"}))), None);
        let with_embeddings = documents(json!({"embeddings": {"url": "https://a.example"}}));
        assert_eq!(code(&with_embeddings), Some("pipeline_undeclared"));
    }
}
