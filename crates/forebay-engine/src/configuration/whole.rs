//! A whole configuration, as one project declares it.

use std::collections::{BTreeMap, BTreeSet};

use forebay_store::pipelines::PipelineSpec;

use crate::scrape::Sources;

/// A whole configuration.
#[derive(Clone, Copy, Debug)]
pub struct Configuration<'a> {
    /// The project that declares it.
    pub project: &'a str,
    /// The sources that can be scraped.
    pub sources: &'a Sources,
    /// All its sources by name, also those that other programs supply, with the entity type where it is known.
    pub entity_types: &'a BTreeMap<&'a str, Option<&'a str>>,
    /// The sources to publish; the others are not.
    pub published: &'a BTreeSet<&'a str>,
    /// The pipelines.
    pub pipelines: &'a [PipelineSpec],
}

impl<'a> Configuration<'a> {
    pub(super) fn source_names(&self) -> Vec<&'a str> {
        self.entity_types.keys().copied().collect()
    }

    pub(super) fn published(&self) -> Vec<&'a str> {
        self.published.iter().copied().collect()
    }
}
