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

/// Whether scraping a source can bring records. A disabled source is not scraped, but its fallbacks stand in for it.
pub fn can_answer(sources: &Sources, source: &SourceDefinition) -> bool {
    source.enabled || stand_in(sources, source).is_some()
}

/// The first enabled fallback of a source.
fn stand_in<'a>(sources: &'a Sources, source: &SourceDefinition) -> Option<&'a SourceDefinition> {
    source.fallback.iter().filter_map(|name| sources.get(name)).find(|other| other.enabled)
}

/// The sources to scrape when none is named, with their scopes: those that can answer, for `scope` or else for all
/// their declared scopes. A fallback that stands in for a disabled source is not scraped a second time for its scopes.
pub fn to_scrape<'a>(sources: &'a Sources, scope: Option<&Scope>) -> Vec<(&'a SourceDefinition, Vec<Scope>)> {
    let scopes_of = |source: &SourceDefinition| match scope {
        None => source.declared_scopes(),
        Some(scope) if source.covers(scope) => vec![scope.clone()],
        Some(_) => Vec::new(),
    };
    let answering = sources.values().filter(|source| can_answer(sources, source));
    let mut found: Vec<_> = answering.map(|source| (source, scopes_of(source))).collect();
    let replaced = found.iter().filter(|(source, _)| !source.enabled);
    let through_fallbacks: Vec<(&str, Scope)> = replaced
        .filter_map(|(source, scopes)| Some((stand_in(sources, source)?.name.as_str(), scopes)))
        .flat_map(|(name, scopes)| scopes.iter().map(move |scope| (name, scope.clone())))
        .collect();
    for (source, scopes) in &mut found {
        scopes.retain(|scope| {
            !through_fallbacks.iter().any(|(name, one)| *name == source.name && one == scope)
        });
    }
    found.retain(|(_, scopes)| !scopes.is_empty());
    found
}

fn is_fallback(sources: &Sources, name: &str) -> bool {
    sources.values().any(|other| other.fallback.iter().any(|fallback| fallback == name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scrape::definition::SourceKind;

    /// Sources of a command: name, whether it is enabled, its scopes, its fallbacks.
    fn sources(list: &[(&str, bool, &[&str], &[&str])]) -> Sources {
        let source = |(name, enabled, scopes, fallback): &(&str, bool, &[&str], &[&str])| {
            let command = serde_json::from_value(json!({ "argv": ["true"] })).unwrap();
            let source = SourceDefinition {
                enabled: *enabled,
                scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
                fallback: fallback.iter().map(|&name| name.to_owned()).collect(),
                ..SourceDefinition::new(*name, SourceKind::Command(command))
            };
            (source.name.clone(), source)
        };
        list.iter().map(source).collect()
    }

    fn chosen(sources: &Sources, scope: Option<&str>) -> Vec<String> {
        let scope: Option<Scope> = scope.map(|scope| scope.parse().unwrap());
        let chosen = to_scrape(sources, scope.as_ref());
        let names = chosen.iter().map(|(source, scopes)| {
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            format!("{} {}", source.name, scopes.join(","))
        });
        names.collect()
    }

    #[test]
    fn a_disabled_source_is_scraped_through_its_fallbacks_once() {
        let sources = sources(&[
            ("alone", false, &[], &[]),
            ("first", false, &["k=1", "k=2"], &["off", "second"]),
            ("off", false, &["k=1"], &[]),
            ("second", true, &["k=1", "k=3"], &[]),
            ("third", true, &["k=1"], &["fourth"]),
            ("fourth", true, &["k=1"], &[]),
        ]);
        assert_eq!(chosen(&sources, None), ["first k=1,k=2", "fourth k=1", "second k=3", "third k=1"]);
        assert_eq!(chosen(&sources, Some("k=1")), ["first k=1", "fourth k=1", "third k=1"]);
        assert_eq!(chosen(&sources, Some("k=3")), ["second k=3"]);
        assert!(chosen(&sources, Some("k=4")).is_empty());
    }
}
