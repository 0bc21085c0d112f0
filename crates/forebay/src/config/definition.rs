//! Converts `[sources.NAME]` to the engine's definition of a source.
//!
//! The engine decides which settings can be combined ([`check`]); this file only converts them. It also rejects
//! settings in the file that have no effect, because they would otherwise be ignored silently.

use std::collections::BTreeMap;

use forebay_domain::{conflicts::RecordSettings, scope::Scope, units::Period};
use forebay_engine::scrape::{
    DefinitionError, SourceDefinition, SourceKind, Sources, check, check_entity_type, check_identity,
    check_settings,
};
use forebay_sources::{
    Error, Format,
    fetch::FetchSettings,
    kinds::{PageKind, PageReader},
};

use super::{
    breaker::Breaker,
    error::Problem,
    source::{KeyFields, Source},
};

/// The definitions of all sources with a kind. Sets the default key of the kind if a source has none. `written` is the
/// parsed file.
pub(super) fn define(
    sources: &mut BTreeMap<String, Source>,
    written: &toml::Table,
) -> Result<Sources, Problem> {
    let mut definitions = Sources::new();
    for (name, source) in sources.iter_mut() {
        let at = At { name };
        let Some(kind) = kind(source, &at)? else {
            check_without_kind(source, &at)?;
            continue;
        };
        if source.key.as_slice().is_empty() {
            source.key = KeyFields::from_kind(kind.default_key_fields());
        }
        check_effect(source, &kind, &at)?;
        let fetch = fetch(name, written, &at)?;
        definitions.insert(name.clone(), definition(source, kind, fetch, &at)?);
    }
    check(&definitions)?;
    Ok(definitions)
}

impl From<DefinitionError> for Problem {
    fn from(error: DefinitionError) -> Self {
        let path = ["sources".to_owned(), error.source_name].into_iter().chain(error.field);
        let problem = Self::at(path, error.problem.to_string());
        match error.problem.suggestion() {
            Some((unknown, known)) => problem.meant(unknown, known.iter().map(String::as_str)),
            None => problem,
        }
    }
}

fn definition(
    source: &Source,
    kind: SourceKind,
    fetch: FetchSettings,
    at: &At<'_>,
) -> Result<SourceDefinition, Problem> {
    let default = SourceDefinition::new(at.name, kind);
    Ok(SourceDefinition {
        entity_type: source.entity.clone().unwrap_or(default.entity_type),
        key_fields: source.key_fields(),
        rules: source.field_rules(),
        on_duplicate: source.on_duplicate(source.format.unwrap_or_default()),
        guards: source.guards.policy(),
        max_rejected_share: source.guards.max_rejected_share(),
        max_rejected_kept: source.guards.max_rejected_kept(),
        complete: source.complete,
        require_end: source.require_end,
        max_duration: source.max_duration.map(Period::get),
        mode: source.mode,
        removed_when: source.removed_when.clone(),
        sequence_field: source.sequence.clone().or(default.sequence_field),
        fetch,
        crawl: source.crawl.clone().unwrap_or(default.crawl),
        breaker: source.breaker.as_ref().map_or(default.breaker, Breaker::policy),
        fallback: source.fallback.clone(),
        scopes: scopes(source, at)?,
        schedule: source.schedule.as_ref().map(|schedule| schedule.get().clone()),
        enabled: source.enabled,
        ..default
    })
}

/// The kind of a source, if it has one.
fn kind(source: &Source, at: &At<'_>) -> Result<Option<SourceKind>, Problem> {
    let wrong = |name: &'static str| move |error: Error| at.setting(name, &error);
    let pages = |name, reader| {
        PageKind::new(source.sitemap.clone(), reader).map(SourceKind::Pages).map_err(wrong(name))
    };
    let mut kinds = Vec::new();
    if let Some(kind) = &source.http_json {
        kinds.push(("http_json", pages("http_json", PageReader::HttpJson(kind.clone()))));
    }
    if let Some(kind) = &source.html {
        kinds.push(("html", pages("html", PageReader::Html(kind.clone()))));
    }
    if let Some(kind) = &source.json_ld {
        kinds.push(("json_ld", pages("json_ld", PageReader::JsonLd(kind.clone()))));
    }
    if let Some(kind) = &source.feed {
        kinds.push(("feed", pages("feed", PageReader::Feed(kind.clone()))));
    }
    if let Some(kind) = &source.ical {
        kinds.push(("ical", pages("ical", PageReader::Ical(kind.clone()))));
    }
    if let Some(kind) = &source.file {
        kinds.push(("file", kind.check().map(|()| SourceKind::File(kind.clone())).map_err(wrong("file"))));
    }
    if let Some(kind) = &source.command {
        let checked = kind.check().map(|()| SourceKind::Command(kind.clone()));
        kinds.push(("command", checked.map_err(wrong("command"))));
    }
    if let Some(kind) = &source.singer {
        let checked = kind.check().map(|()| SourceKind::Singer(kind.clone()));
        kinds.push(("singer", checked.map_err(wrong("singer"))));
    }
    if let Some(kind) = &source.postgres {
        let checked = kind.check().map(|()| SourceKind::Postgres(kind.clone()));
        kinds.push(("postgres", checked.map_err(wrong("postgres"))));
    }
    if let [(first, _), (second, _), ..] = kinds.as_slice() {
        let message =
            format!("a source has one kind, and this one already has {first}: split it into two sources");
        return Err(at.problem(&[second], message));
    }
    let kind = kinds.pop().map(|(_, kind)| kind).transpose()?;
    if source.sitemap.is_some() && !matches!(kind, Some(SourceKind::Pages(_))) {
        return Err(
            at.problem(&["sitemap"], "a sitemap only leads to pages: add html or json_ld to read them")
        );
    }
    Ok(kind)
}

/// Rejects an end line that the files or the output can't have.
fn check_end(source: &Source, format: Format, at: &At<'_>) -> Result<(), Problem> {
    if source.require_end == Some(true) && !matches!(format, Format::Auto | Format::JsonLines) {
        let message = format!(
            "only JSON Lines can have an end line, so with format = {:?} every run would be partial",
            format.name()
        );
        return Err(at.problem(&["require_end"], message));
    }
    Ok(())
}

/// Rejects settings that have no effect for the kind.
fn check_effect(source: &Source, kind: &SourceKind, at: &At<'_>) -> Result<(), Problem> {
    let word = kind.as_str();
    for (key, is_given, has_effect) in [
        ("fetch", source.fetch.is_some(), kind.is_fetched()),
        ("crawl", source.crawl.is_some(), kind.is_crawled()),
    ] {
        if is_given && !has_effect {
            return Err(at.problem(&[key], format!("{key} has no effect for a source of kind {word}")));
        }
    }
    for (key, is_given) in [
        ("format", source.format.is_some()),
        ("records", source.records.is_some()),
        ("csv", source.csv.is_some()),
        ("encoding", source.encoding.is_some()),
    ] {
        if is_given {
            let message = format!("{key} is only for `forebay persist`; this source is of kind {word}");
            return Err(at.problem(&[key], message));
        }
    }
    if source.require_end.is_some() && !matches!(kind, SourceKind::Command(_) | SourceKind::File(_)) {
        let message = format!("a source of kind {word} has no end line: remove require_end");
        return Err(at.problem(&["require_end"], message));
    }
    match kind {
        SourceKind::Command(command) => check_end(source, command.read_options().format, at),
        SourceKind::File(file) => check_end(source, file.read_options().format, at),
        _ => Ok(()),
    }
}

/// A source without a kind needs a key and must not have settings for scraping.
fn check_without_kind(source: &Source, at: &At<'_>) -> Result<(), Problem> {
    check_identity(at.name, source.key.as_slice())?;
    check_end(source, source.format.unwrap_or_default().into(), at)?;
    let (rules, on_duplicate) =
        (source.field_rules(), source.on_duplicate(source.format.unwrap_or_default()));
    let settings = RecordSettings {
        key_fields: source.key.as_slice(),
        rules: &rules,
        mode: source.mode,
        on_duplicate: &on_duplicate,
        removed_when: source.removed_when.field(),
        rekey: source.guards.policy().rekey,
        removals: source.guards.policy().removals,
    };
    check_settings(at.name, &settings)?;
    if let Some(entity_type) = &source.entity {
        check_entity_type(at.name, entity_type)?;
    }
    let of_scraping = [
        ("complete", source.complete),
        ("sequence", source.sequence.is_some()),
        ("scopes", !source.scopes.is_empty()),
        ("fetch", source.fetch.is_some()),
        ("crawl", source.crawl.is_some()),
        ("breaker", source.breaker.is_some()),
        ("fallback", !source.fallback.is_empty()),
        ("schedule", source.schedule.is_some()),
        ("enabled", !source.enabled),
    ];
    match of_scraping.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!(
                "{key} has no effect for a source without a kind: add a table such as [sources.{}.html]",
                at.name
            );
            Err(at.problem(&[key], message))
        }
    }
}

/// The declared scopes.
fn scopes(source: &Source, at: &At<'_>) -> Result<Vec<Scope>, Problem> {
    let mut scopes = Vec::new();
    for (index, pairs) in source.scopes.iter().enumerate() {
        let wrong = |message: String| at.problem(&["scopes", &index.to_string()], message);
        if let Some((name, _)) = pairs.iter().find(|(name, value)| name.contains('=') || value.is_empty()) {
            return Err(wrong(format!("the scope has no value for `{name}`")));
        }
        let scope = Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}")));
        scopes.push(scope.map_err(|error| wrong(error.to_string()))?);
    }
    Ok(scopes)
}

/// The source's own `fetch` merged over the file's, key by key. Each was already parsed on its own.
fn fetch(name: &str, written: &toml::Table, at: &At<'_>) -> Result<FetchSettings, Problem> {
    let own = written.get("sources").and_then(|sources| sources.get(name)?.get("fetch"));
    let mut merged = toml::Table::new();
    for layer in [written.get("fetch"), own].into_iter().flatten().filter_map(toml::Value::as_table) {
        merged.extend(layer.clone());
    }
    let settings: FetchSettings =
        merged.try_into().map_err(|error| at.problem(&["fetch"], error.message()))?;
    match settings.refused_header() {
        None => Ok(settings),
        Some((header, problem)) => Err(at.problem(&["fetch", "headers", header], problem)),
    }
}

/// The position of a source in the file.
struct At<'a> {
    name: &'a str,
}

impl At<'_> {
    fn problem(&self, keys: &[&str], message: impl Into<String>) -> Problem {
        Problem::at(["sources", self.name].into_iter().chain(keys.iter().copied()), message)
    }

    /// An error in a kind's settings, located at the setting.
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
}
