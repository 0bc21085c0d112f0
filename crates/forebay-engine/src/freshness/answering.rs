//! Which sources are scraped to bring a scope up to date.

use std::collections::BTreeMap;

use forebay_domain::scope::Scope;

use crate::scrape::definition::{SourceDefinition, Sources};

/// The sources of a scope of an entity type.
#[derive(Clone, Debug, Default)]
pub struct Answering<'a> {
    /// The sources to scrape; together they cover the whole scope.
    pub sources: Vec<&'a SourceDefinition>,
    /// The fallbacks of those sources, in the order in which they are tried.
    pub fallbacks: Vec<&'a SourceDefinition>,
}

impl<'a> Answering<'a> {
    /// The enabled sources that cover the scope. A source that is the fallback of another one is not scraped by itself.
    pub fn of(sources: &'a Sources, entity_type: &str, scope: &Scope) -> Self {
        let primaries: Vec<&SourceDefinition> = sources
            .values()
            .filter(|source| source.enabled && source.entity_type == entity_type)
            .filter(|source| !is_fallback(sources, &source.name) && source.covers(scope))
            .collect();
        let mut fallbacks: Vec<&SourceDefinition> = Vec::new();
        for name in primaries.iter().flat_map(|source| &source.fallback) {
            if let Some(fallback) = sources.get(name)
                && !fallbacks.iter().any(|known| known.name == fallback.name)
            {
                fallbacks.push(fallback);
            }
        }
        Self { sources: primaries, fallbacks }
    }

    /// Whether a scrape of this source alone brings the scope up to date.
    pub fn is_only(&self, source: &str) -> bool {
        matches!(self.sources.as_slice(), [only] if only.name == source)
    }

    /// The scopes that sources declare and cover, by entity type and the scope's text.
    pub(super) fn declared(sources: &Sources) -> BTreeMap<(String, String), Scope> {
        let primaries =
            sources.values().filter(|source| source.enabled && !is_fallback(sources, &source.name));
        let scopes = primaries.flat_map(|source| {
            let covered = source.declared_scopes().into_iter().filter(|scope| source.covers(scope));
            covered.map(|scope| ((source.entity_type.clone(), scope.to_string()), scope))
        });
        scopes.collect()
    }
}

fn is_fallback(sources: &Sources, name: &str) -> bool {
    sources.values().any(|other| other.fallback.iter().any(|fallback| fallback == name))
}
