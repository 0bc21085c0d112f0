//! From `[sources.NAME]` to what the engine scrapes, with the checks that need more than one setting.

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::{identity::KeyField, scope::Scope};
use forebay_engine::{
    persist::{DEFAULT_ENTITY_TYPE, DEFAULT_MAX_REJECTED_SHARE},
    scrape::{SourceDefinition, SourceKind, Sources},
};
use forebay_sources::{
    Error,
    fetch::FetchSettings,
    kinds::{PageKind, PageReader},
};

use super::{error::Problem, mirror, source::KeyFields, source::Source};
use crate::cli::values::Share;

/// Settings that speak of scraping: without a kind they would be ignored in silence.
const OF_SCRAPING: [&str; 9] =
    ["complete", "sequence", "scopes", "fetch", "crawl", "breaker", "fallback", "schedule", "enabled"];

/// The definitions of all sources with a kind. Gives the keys that kinds bring to the sources. `written` is the file.
pub(super) fn define(
    sources: &mut BTreeMap<String, Source>,
    written: &toml::Table,
) -> Result<Sources, Problem> {
    let mut definitions = Sources::new();
    for (name, source) in sources.iter_mut() {
        let at = At { name };
        at.check_name()?;
        let kind = kind(source, &at)?;
        if source.key.as_slice().is_empty() {
            source.key = match kind.as_ref().map(SourceKind::as_str) {
                Some("ical") => KeyFields::brought(&["uid", "recurrence_id"]),
                Some("feed") => KeyFields::brought(&["id"]),
                _ => return Err(at.problem(&[], "missing field `key`")),
            };
        }
        if let Some(index) = source.key.as_slice().iter().position(|field| field.parse::<KeyField>().is_err())
        {
            let message = format!(
                "the key field {:?} is neither a field's name nor a JSON pointer (RFC 6901)",
                source.key.as_slice()[index]
            );
            return Err(at.problem(&["key", &index.to_string()], message));
        }
        check_key_fields(source, &at)?;
        let own =
            written.get("sources").and_then(|sources| sources.get(name)).and_then(toml::Value::as_table);
        let own = own.cloned().unwrap_or_default();
        if let Some(kind) = kind {
            let defaults = written.get("fetch").and_then(toml::Value::as_table);
            let definition = definition(source, kind, &own, defaults, &at)?;
            definitions.insert(name.clone(), definition);
        } else if let Some(key) = OF_SCRAPING.iter().find(|key| own.contains_key(**key)) {
            let message = format!(
                "{key} has no meaning for a source that has no kind: add a table such as [sources.{name}.html]"
            );
            return Err(at.problem(&[key], message));
        }
    }
    for (name, definition) in &definitions {
        check_fallback(name, definition, sources, &definitions)?;
    }
    Ok(definitions)
}

/// A key field that no selector fills would leave every record without a key.
fn check_key_fields(source: &Source, at: &At<'_>) -> Result<(), Problem> {
    let Some(html) = &source.html else { return Ok(()) };
    let details = html.detail.iter().flat_map(|detail| detail.fields.keys());
    let names: BTreeSet<&str> = html.fields.keys().chain(details).map(String::as_str).collect();
    for (index, field) in source.key.as_slice().iter().enumerate() {
        // Of a pointer, the first step is the field.
        let name = match field.strip_prefix('/') {
            Some(pointer) => {
                pointer.split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
            }
            None => field.clone(),
        };
        if !names.contains(name.as_str()) {
            let message = format!(
                "no record would have the key field `{name}`: neither html.fields nor html.detail.fields has it"
            );
            let problem = at.problem(&["key", &index.to_string()], message);
            return Err(problem.meant(&name, names.into_iter()));
        }
    }
    Ok(())
}

fn definition(
    source: &Source,
    kind: SourceKind,
    own: &toml::Table,
    fetch_defaults: Option<&toml::Table>,
    at: &At<'_>,
) -> Result<SourceDefinition, Problem> {
    check_meaning(source, &kind, own, at)?;
    let breaker = source.breaker.policy().map_err(|(key, message)| at.problem(&["breaker", key], message))?;
    let sequence_field = match (&source.sequence, &kind) {
        (None, kind) => (kind.as_str() == "ical").then(|| "sequence".to_owned()),
        (Some(field), _) if field.is_empty() => {
            return Err(at.problem(&["sequence"], "sequence names an empty field"));
        }
        (given, _) => given.clone(),
    };
    let scopes = scopes(source, &kind, at)?;
    Ok(SourceDefinition {
        name: at.name.to_owned(),
        entity_type: source.entity.clone().unwrap_or_else(|| DEFAULT_ENTITY_TYPE.to_owned()),
        key_fields: source.key.as_slice().to_vec(),
        rules: source.field_rules(),
        on_duplicate: source.on_duplicate.into(),
        guards: source.guards.enabled.then(|| source.guards.policy(None)),
        max_rejected_share: source.guards.max_rejected.map_or(DEFAULT_MAX_REJECTED_SHARE, Share::get),
        complete: source.complete,
        sequence_field,
        settings: mirror::settings(own),
        reading_hash: mirror::reading_hash(own),
        kind,
        fetch: fetch(own, fetch_defaults, at)?,
        crawl: source.crawl.clone(),
        breaker,
        fallback: source.fallback.clone(),
        scopes,
        schedule: source.schedule.as_ref().map(|schedule| schedule.get().clone()),
        enabled: source.enabled,
    })
}

/// The kind of a source; `None`: it has none.
fn kind(source: &Source, at: &At<'_>) -> Result<Option<SourceKind>, Problem> {
    let Source { http_json, html, json_ld, feed, ical, sitemap, file, command, singer, postgres, .. } =
        source;
    let given = [
        ("http_json", http_json.is_some()),
        ("html", html.is_some()),
        ("json_ld", json_ld.is_some()),
        ("feed", feed.is_some()),
        ("ical", ical.is_some()),
        ("file", file.is_some()),
        ("command", command.is_some()),
        ("singer", singer.is_some()),
        ("postgres", postgres.is_some()),
    ];
    let mut names = given.into_iter().filter_map(|(name, is_given)| is_given.then_some(name));
    let (first, second) = (names.next(), names.next());
    if let (Some(first), Some(second)) = (first, second) {
        let message =
            format!("a source has one kind, and this one has {first} already: make two sources of it");
        return Err(at.problem(&[second], message));
    }
    let Some(name) = first else {
        return match sitemap {
            Some(_) => {
                Err(at
                    .problem(&["sitemap"], "a sitemap leads to pages: add html or json_ld, which reads them"))
            }
            None => Ok(None),
        };
    };
    let reader = if let Some(kind) = http_json {
        Some(PageReader::HttpJson(kind.clone()))
    } else if let Some(kind) = html {
        Some(PageReader::Html(kind.clone()))
    } else if let Some(kind) = json_ld {
        Some(PageReader::JsonLd(kind.clone()))
    } else if let Some(kind) = feed {
        Some(PageReader::Feed(kind.clone()))
    } else {
        ical.as_ref().map(|kind| PageReader::Ical(kind.clone()))
    };
    let wrong = |error: Error| at.setting(name, &error);
    if let Some(reader) = reader {
        return PageKind::new(sitemap.clone(), reader)
            .map(|kind| Some(SourceKind::Pages(kind)))
            .map_err(wrong);
    }
    if sitemap.is_some() {
        return Err(at.problem(&["sitemap"], "sitemap can only lead to html or json_ld"));
    }
    if let Some(kind) = file {
        kind.check().map_err(wrong)?;
        return Ok(Some(SourceKind::File(kind.clone())));
    }
    if let Some(kind) = command {
        kind.check().map_err(wrong)?;
        return Ok(Some(SourceKind::Command(kind.clone())));
    }
    if let Some(kind) = singer {
        kind.check().map_err(wrong)?;
        return Ok(Some(SourceKind::Singer(kind.clone())));
    }
    if let Some(kind) = postgres {
        kind.check().map_err(wrong)?;
        return Ok(Some(SourceKind::Postgres(kind.clone())));
    }
    Ok(None)
}

/// Refuses settings that the kind cannot go by.
fn check_meaning(source: &Source, kind: &SourceKind, own: &toml::Table, at: &At<'_>) -> Result<(), Problem> {
    let word = kind.as_str();
    let is_fetched = matches!(kind, SourceKind::Pages(_) | SourceKind::File(_));
    let is_crawled = matches!(kind, SourceKind::Pages(_));
    for (key, is_given, has_meaning) in
        [("fetch", source.fetch.is_some(), is_fetched), ("crawl", own.contains_key("crawl"), is_crawled)]
    {
        if is_given && !has_meaning {
            return Err(at.problem(&[key], format!("{key} has no meaning for a source of kind {word}")));
        }
    }
    for key in ["format", "records"] {
        if own.contains_key(key) {
            let message =
                format!("{key} is for files that `forebay persist` is given; this source is of kind {word}");
            return Err(at.problem(&[key], message));
        }
    }
    match word {
        "feed" if source.complete => Err(at.problem(
            &["complete"],
            "a feed shows only its latest entries, so what it does not show is not gone: leave complete out",
        )),
        "singer" if source.complete => {
            Err(at.problem(&["complete"], "a tap says itself whether it sent everything: leave complete out"))
        }
        _ => Ok(()),
    }
}

/// The declared scopes, each of which fills all places of the URLs.
fn scopes(source: &Source, kind: &SourceKind, at: &At<'_>) -> Result<Vec<Scope>, Problem> {
    let places = kind.placeholders();
    let mut scopes = Vec::new();
    for (index, pairs) in source.scopes.iter().enumerate() {
        let index = index.to_string();
        let wrong = |message: String| at.problem(&["scopes", &index], message);
        if let Some((name, _)) = pairs.iter().find(|(name, value)| name.contains('=') || value.is_empty()) {
            return Err(wrong(format!("the scope has no value for `{name}`")));
        }
        let scope = Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}")))
            .map_err(|error| wrong(error.to_string()))?;
        if let Some(missing) = places.iter().find(|name| scope.get(name).is_none()) {
            return Err(wrong(format!("the scope has no `{missing}`, for which the URL has a place")));
        }
        if scopes.contains(&scope) {
            return Err(wrong("the scope is there twice".to_owned()));
        }
        scopes.push(scope);
    }
    if let (Some(missing), true, Some(_)) = (places.first(), scopes.is_empty(), &source.schedule) {
        let message = format!("nobody says for which `{missing}` it is scraped by schedule: declare scopes");
        return Err(at.problem(&["schedule"], message));
    }
    Ok(scopes)
}

/// The source's own `fetch` laid over the file's.
fn fetch(own: &toml::Table, defaults: Option<&toml::Table>, at: &At<'_>) -> Result<FetchSettings, Problem> {
    let mut merged = defaults.cloned().unwrap_or_default();
    merged.extend(own.get("fetch").and_then(toml::Value::as_table).cloned().unwrap_or_default());
    // Each of the two was read by itself already.
    merged.try_into().map_err(|error| at.problem(&["fetch"], error.message()))
}

/// A fallback answers for the same entity, can be scraped, and does not lead back.
fn check_fallback(
    name: &str,
    definition: &SourceDefinition,
    sources: &BTreeMap<String, Source>,
    definitions: &Sources,
) -> Result<(), Problem> {
    let at = At { name };
    for (index, other) in definition.fallback.iter().enumerate() {
        let wrong = |message: String| Err(at.problem(&["fallback", &index.to_string()], message));
        let Some(found) = definitions.get(other) else {
            if sources.contains_key(other) {
                return wrong(format!("the source `{other}` has no kind, so it cannot be scraped instead"));
            }
            let problem =
                at.problem(&["fallback", &index.to_string()], format!("there is no source `{other}`"));
            return Err(
                problem.meant(other, definitions.keys().map(String::as_str).filter(|known| *known != name))
            );
        };
        if definition.fallback[..index].contains(other) {
            return wrong(format!("the source `{other}` is there twice"));
        }
        if found.entity_type != definition.entity_type {
            return wrong(format!(
                "the records of `{other}` are {}, not {}: they cannot stand in",
                found.entity_type, definition.entity_type
            ));
        }
        if leads_to(other, name, definitions) {
            return wrong(format!("the fallback `{other}` leads back to `{name}`"));
        }
    }
    Ok(())
}

/// Whether the fallbacks of a source, and theirs, come to another one.
fn leads_to(from: &str, to: &str, definitions: &Sources) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(definitions.get(name).iter().flat_map(|source| &source.fallback).map(String::as_str));
        }
    }
    false
}

/// A source as a place of the file.
struct At<'a> {
    name: &'a str,
}

impl At<'_> {
    fn problem(&self, keys: &[&str], message: impl Into<String>) -> Problem {
        Problem::at(["sources", self.name].into_iter().chain(keys.iter().copied()), message)
    }

    /// An error of a kind's settings, at the setting that it names if that is in the file.
    fn setting(&self, kind: &str, error: &Error) -> Problem {
        let Error::InvalidSetting { setting, .. } = error else {
            return self.problem(&[kind], error.to_string());
        };
        let mut keys: Vec<&str> = setting.split('.').collect();
        if keys[0] != kind && keys[0] != "sitemap" {
            keys.insert(0, kind);
        }
        self.problem(&keys, error.to_string())
    }

    fn check_name(&self) -> Result<(), Problem> {
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let is_good = self.name.len() <= 63
            && self.name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && self.name.chars().all(is_name_char);
        if is_good {
            return Ok(());
        }
        let message = format!(
            "a source cannot be called {:?}: a name begins with a letter or digit and has at most 63 letters, digits, \
             dots, _ and -",
            self.name
        );
        Err(self.problem(&[], message))
    }
}
