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
    /// The sources that cover the scope and can answer for it. A source that is the fallback of another one is not
    /// scraped by itself.
    pub fn of(sources: &'a Sources, entity_type: &str, scope: &Scope) -> Self {
        let primaries: Vec<&SourceDefinition> = sources
            .values()
            .filter(|source| source.entity_type == entity_type && can_answer(sources, source))
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
        let primaries = sources
            .values()
            .filter(|source| can_answer(sources, source) && !is_fallback(sources, &source.name));
        let scopes = primaries.flat_map(|source| {
            let covered = source.declared_scopes().into_iter().filter(|scope| source.covers(scope));
            covered.map(|scope| ((source.entity_type.clone(), scope.to_string()), scope))
        });
        scopes.collect()
    }
}

/// A disabled source is not scraped, but its fallbacks stand in for it.
fn can_answer(sources: &Sources, source: &SourceDefinition) -> bool {
    source.enabled || source.fallback.iter().any(|name| sources.get(name).is_some_and(|other| other.enabled))
}

fn is_fallback(sources: &Sources, name: &str) -> bool {
    sources.values().any(|other| other.fallback.iter().any(|fallback| fallback == name))
}
