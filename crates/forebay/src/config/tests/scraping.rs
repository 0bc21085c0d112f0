//! Sources that Forebay scrapes: their definitions, and the place of every mistake.

use std::collections::BTreeSet;

use forebay_domain::{breaker::BreakerPolicy, freshness::FreshnessPolicy, units::Rate};
use forebay_engine::scrape::SourceDefinition;
use forebay_sources::{
    crawl::CrawlSettings,
    fetch::{FetchSettings, Robots},
};
use jiff::SignedDuration;

use super::{error, parse, template_in_full};
use crate::config::{TEMPLATE, schema};

/// Invalid files, each with the expected message.
#[derive(Default)]
struct Errors(String);

impl Errors {
    fn push(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref().trim_end();
        self.0.extend([text, "\n=> ", &error(text), "\n\n"]);
    }
}

fn definition(text: &str) -> SourceDefinition {
    parse(text).definitions()["x"].clone()
}

/// A valid source, with more keys.
fn source(more: &str) -> String {
    format!(
        "[sources.x]\nkey = [\"id\"]\n{more}\n[sources.x.html]\nurl = \"https://a.example/\"\nfields.id = \"a\"\n"
    )
}

#[test]
fn a_source_with_a_kind_is_defined_and_one_without_is_not() {
    let config = parse(&format!("[sources.by_hand]\nkey = [\"id\"]\n{}", source("")));
    assert_eq!(config.definitions().keys().collect::<Vec<_>>(), ["x"]);
    let definition = &config.definitions()["x"];
    assert_eq!((definition.kind.as_str(), definition.entity_type.as_str()), ("html", "record"));
    assert_eq!(definition.key_fields, ["id"]);
    assert_eq!(
        (&definition.fetch, &definition.crawl),
        (&FetchSettings::default(), &CrawlSettings::default())
    );
    assert_eq!(definition.breaker, BreakerPolicy::default());
    assert!(definition.enabled && !definition.complete && definition.schedule.is_none());
    assert!(definition.scopes.is_empty() && definition.fallback.is_empty());
    assert!((definition.max_rejected_share - 0.1).abs() < 1e-9);
}

#[test]
fn kinds_have_default_settings() {
    let ical = definition("[sources.x.ical]\nurl = \"https://a.example/x.ics\"");
    assert_eq!(ical.key_fields, ["uid", "recurrence_id"]);
    assert_eq!(ical.sequence_field.as_deref(), Some("sequence"));
    let feed = definition("[sources.x]\nsequence = \"n\"\n[sources.x.feed]\nurl = \"https://a.example/x\"");
    assert_eq!((feed.key_fields, feed.sequence_field.as_deref()), (vec!["id".to_owned()], Some("n")));
    insta::assert_snapshot!(error("[sources.x.json_ld]\nurl = \"https://a.example/x\""), @"error[config_invalid]: forebay.toml:1:10: missing field `key`");
}

#[test]
fn a_source_lays_its_fetch_over_that_of_the_file() {
    let text = format!(
        "[fetch]\nrate = \"1/s\"\nrobots = \"ignore\"\n{}[sources.x.fetch]\nrate = \"30/m\"\n",
        source("")
    );
    let fetch = definition(&text).fetch;
    assert_eq!((fetch.rate, fetch.robots), (Rate::per_second(0.5).unwrap(), Robots::Ignore));
    assert_eq!(fetch.timeout, FetchSettings::default().timeout);
}

#[test]
fn freshness_is_laid_over_what_is_shipped() {
    let hours = SignedDuration::from_hours;
    let ttl = |text: &str, entity: &str| parse(text).freshness(entity).ttl;
    assert_eq!(parse("").freshness("course"), FreshnessPolicy::shipped("course"));
    let text = "[freshness]\nttl = \"2d\"\nstale_while_revalidate = \"1h\"\n[entities.course]\nttl = \"3h\"";
    assert_eq!(
        (ttl(text, "course"), ttl(text, "review"), ttl("", "review")),
        (hours(3), hours(48), hours(720))
    );
    assert_eq!(parse(text).freshness("course").stale_while_revalidate, hours(1));
    let text = format!("{text}\nstale_while_revalidate = \"0s\"");
    assert_eq!(parse(&text).freshness("course").stale_while_revalidate, SignedDuration::ZERO);
}

#[test]
fn schedules_are_read_in_every_form() {
    let shown = |schedule: &str| {
        let schedule = definition(&source(&format!("schedule = {schedule}"))).schedule.unwrap();
        let zone = schedule.time_zone().iana_name().unwrap_or_default().to_owned();
        (schedule.expression().to_owned(), zone, schedule.jitter().as_secs())
    };
    let of = |expression: &str, zone: &str, jitter| (expression.to_owned(), zone.to_owned(), jitter);
    assert_eq!(shown("\"every 6h\""), of("every 6h", "UTC", 0));
    assert_eq!(shown("\"30 3 * * 1-5\""), of("30 3 * * 1-5", "UTC", 0));
    assert_eq!(shown("{ every = \"1d 12h\", jitter = \"20m\" }"), of("every 1d 12h", "UTC", 1200));
    assert_eq!(
        shown("{ at = \"03:30\", time_zone = \"Europe/Berlin\" }"),
        of("30 3 * * *", "Europe/Berlin", 0)
    );
    let mistake = |schedule: &str| source(&format!("schedule = {schedule}"));
    let mut errors = Errors::default();
    errors.push(mistake("\"every blue moon\""));
    errors.push(mistake("\"61 * * * *\""));
    errors.push(mistake("{ every = \"1h\", at = \"03:30\" }"));
    errors.push(mistake("{ at = \"noon\" }"));
    errors.push(mistake("{ at = \"03:30\", time_zone = \"Narnia\" }"));
    errors.push(mistake("{ every = \"1h\", jiter = \"5m\" }"));
    errors.push(mistake("5"));
    insta::assert_snapshot!("schedules", errors.0);
}

#[test]
fn every_mistake_is_reported_with_its_place() {
    let mut errors = Errors::default();
    errors.push(source("schedul = \"every 6h\""));
    errors.push(format!("{}items = 5", source("")));
    errors.push(format!("{}itms = \"li\"", source("")));
    errors.push(format!("{}fields.y = \"li:hoover\"", source("")));
    errors.push(format!("{}[sources.x.feed]\nurl = \"https://a.example/\"", source("")));
    errors.push(format!("{}follow = \"a\"", source("")));
    errors.push(format!("{}[sources.x.sitemap]\nurl = \"https://a.example/\"", source("")));
    errors.push("[sources.x]\nkey = [\"id\"]\n[sources.x.html]\nfields.id = \"a\"");
    errors.push("[sources.x]\nkey = [\"id\"]\n[sources.x.sitemap]\nurl = \"https://a.example/\"");
    errors.push("[sources.x]\nkey = [\"id\"]\n[sources.x.command]\nargv = []");
    errors.push("[sources.x]\nkey = [\"id\"]\nschedule = \"every 6h\"");
    errors.push("[sources.x]\nkey = [\"id\", \"/a~2\"]");
    errors.push("[sources.\"a b\"]\nkey = [\"id\"]");
    errors.push(source("format = \"csv\""));
    errors.push(
        "[sources.x]\nkey = [\"id\"]\n[sources.x.command]\nargv = [\"a\"]\n[sources.x.crawl]\nmax_pages = 5",
    );
    errors.push("[sources.x]\ncomplete = true\n[sources.x.feed]\nurl = \"https://a.example/\"");
    errors.push(format!("{}[sources.x.fetch]\nrte = \"1/s\"", source("")));
    errors.push("[fetch]\nrate = \"fast\"");
    errors.push("[fetch.headers]\nhost = \"a.example\"");
    errors.push(format!("[fetch.headers]\nx-key = {{ env = \"DATABASE_URL\" }}\n{}", source("")));
    errors.push(format!("{}[sources.x.fetch.headers]\nx-key = {{ env = \"PGHOST\" }}", source("")));
    errors.push("[entities.course]\nttl = \"7 days of rain\"");
    errors.push("[entities.course]\nwarn_after = \"3d\"\nerror_after = \"1d\"");
    errors.push("[fershness]\nttl = \"7d\"");
    let breaker = |settings: &str| format!("{}[sources.x.breaker]\n{settings}", source(""));
    errors.push(breaker("window = 0"));
    errors.push(breaker("window = 3\nmin_calls = 4"));
    errors.push(breaker("wait = \"2h\""));
    errors.push(breaker("failure_rate = 50"));
    errors.push(breaker("weights = { throtled = 0.5 }"));
    insta::assert_snapshot!("mistakes", errors.0);
}

#[test]
fn scopes_fill_the_places_of_the_url() {
    let text = |scopes: &str| {
        format!(
            "[sources.x]\n{scopes}\n[sources.x.feed]\nurl = \"https://a.example/{{school}}?term={{term}}\""
        )
    };
    let scopes =
        "scopes = [{ term = \"Spring 2026\", school = \"CSI\" }, { term = \"Fall 2026\", school = \"CSI\" }]";
    let shown: Vec<String> = definition(&text(scopes)).scopes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["school=CSI,term=Spring 2026", "school=CSI,term=Fall 2026"]);
    assert!(definition(&text("")).scopes.is_empty(), "the caller names the scope");
    let mut errors = Errors::default();
    errors.push(text("scopes = [{ term = \"a\", school = \"b\" },\n  { term = \"c\" }]"));
    errors.push(text("scopes = [{ term = \"\", school = \"b\" }]"));
    errors.push(text("scopes = [{ term = \"a\", school = \"b\" }, { school = \"b\", term = \"a\" }]"));
    errors.push(text("scopes = [{ term = 1 }]"));
    errors.push(text("schedule = \"every 6h\""));
    insta::assert_snapshot!("scopes", errors.0);
}

#[test]
fn fallbacks_stand_in_and_do_not_go_round() {
    let named = |name: &str, more: &str| {
        format!("[sources.{name}]\n{more}\n[sources.{name}.feed]\nurl = \"https://a.example/\"\n")
    };
    let two = |first: &str, second: &str| format!("{}{}", named("one", first), named("two", second));
    assert_eq!(parse(&two("fallback = [\"two\"]", "")).definitions()["one"].fallback, ["two"]);
    let mut errors = Errors::default();
    errors.push(two("fallback = [\"tow\"]", ""));
    errors.push(two("fallback = [\"one\"]", ""));
    errors.push(two("fallback = [\"two\"]", "fallback = [\"one\"]"));
    errors.push(two("fallback = [\"two\", \"two\"]", ""));
    errors.push(two("fallback = [\"two\"]", "entity = \"event\""));
    errors.push(
        two("fallback = [\"by_hand\"]", "")
            .replace("[sources.one]", "[sources.by_hand]\nkey = [\"id\"]\n[sources.one]"),
    );
    insta::assert_snapshot!("fallbacks", errors.0);
}

#[test]
fn the_documented_defaults_are_those_of_the_rules() {
    let full = parse(&template_in_full());
    let catalogue = &full.definitions()["catalogue"];
    assert_eq!(catalogue.breaker, BreakerPolicy::default());
    assert_eq!(catalogue.crawl, CrawlSettings::default());
    let errors = FetchSettings {
        rate: FetchSettings::default().rate,
        robots: Robots::Obey,
        ..definition(&format!("{}{}", source(""), fetch_of_the_template())).fetch
    };
    let examples = FetchSettings::default();
    let errors = FetchSettings {
        contact: examples.contact.clone(),
        allow_private: examples.allow_private.clone(),
        headers: examples.headers.clone(),
        warc: examples.warc.clone(),
        ..errors
    };
    assert_eq!(errors, examples);
    let course = full.freshness("course");
    let shipped = FreshnessPolicy::shipped("course");
    assert_eq!(FreshnessPolicy { warn_after: None, error_after: None, ..course }, shipped);
}

/// The table `[fetch]` of the template, uncommented.
fn fetch_of_the_template() -> String {
    let full = template_in_full();
    let (_, from) = full.split_once("\n[fetch]\n").unwrap();
    let (fetch, _) = from.split_once("\n[").unwrap();
    format!("[fetch]\n{fetch}\n")
}

#[test]
fn the_template_shows_what_most_need() {
    let full = template_in_full();
    // The template must show every key of these tables. Others are in the reference.
    for (section, name) in [
        ("Source", "sources.courses"),
        ("Guards", "sources.courses.guards"),
        ("Html", "sources.catalogue.html"),
        ("Feed", "sources.catalogue_feed.feed"),
        ("CrawlSettings", "sources.catalogue.crawl"),
        ("Breaker", "sources.catalogue.breaker"),
        ("Weights", "sources.catalogue.breaker.weights"),
        ("FetchSettings", "fetch"),
        ("Freshness", "freshness"),
        ("Pipeline", "pipelines.search"),
        ("WrittenLimits", "pipelines.hook.limits"),
    ] {
        let schema = schema();
        let properties = schema["$defs"][section]["properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("{section} is no table: {schema:#}"));
        // The template has no example of these kinds.
        let others = ["http_json", "json_ld", "sitemap", "file", "command", "singer", "postgres"];
        let is_shown = |key: &&String| match section {
            "Source" => !others.contains(&key.as_str()),
            // The webhook of the template has a URL.
            "Pipeline" => *key != "endpoints",
            _ => true,
        };
        for key in properties.keys().filter(is_shown) {
            let shown =
                [format!("\n{key} = "), format!(".{key}]\n"), format!("{{ {key} = "), format!(", {key} = ")];
            assert!(
                shown.iter().any(|shown| full.contains(shown)),
                "the template does not show {name}.{key}"
            );
        }
    }
}

#[test]
fn the_schema_knows_all_that_the_template_shows_and_describes_it() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let shown: toml::Table = toml::from_str(&template_in_full()).unwrap();
    let shown = serde_json::to_value(shown).unwrap();
    let mut unknown = BTreeSet::new();
    look_for(&schema, &schema, &shown, String::new(), &mut unknown);
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(TEMPLATE.starts_with("#:schema ./forebay.schema.json\n"));
}

/// Looks up every key of a value in its schema, and records the keys that the schema does not allow.
fn look_for(
    root: &serde_json::Value,
    schema: &serde_json::Value,
    value: &serde_json::Value,
    path: String,
    unknown: &mut BTreeSet<String>,
) {
    if let Some(name) = schema["$ref"].as_str() {
        let definition = &root["$defs"][name.trim_start_matches("#/$defs/")];
        return look_for(root, definition, value, path, unknown);
    }
    let alternatives: Vec<&serde_json::Value> =
        ["anyOf", "oneOf"].iter().filter_map(|name| schema[*name].as_array()).flatten().collect();
    if !alternatives.is_empty() {
        let fits = |alternative: &&serde_json::Value| {
            let mut found = BTreeSet::new();
            look_for(root, alternative, value, path.clone(), &mut found);
            found.is_empty()
        };
        if !alternatives.iter().any(fits) {
            unknown.insert(path);
        }
        return;
    }
    let is = |kind: &str| {
        schema["type"] == kind
            || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == kind))
    };
    let fits = match value {
        serde_json::Value::Object(_) => is("object"),
        serde_json::Value::Array(_) => is("array"),
        serde_json::Value::String(text) => {
            let words = schema["enum"].as_array();
            (is("string") || schema.get("const").is_some())
                && words.is_none_or(|words| words.iter().any(|word| word == text))
                && schema.get("const").is_none_or(|word| word == text)
        }
        serde_json::Value::Number(number) => is("number") || (is("integer") && !number.is_f64()),
        serde_json::Value::Bool(_) => is("boolean"),
        serde_json::Value::Null => true,
    };
    if !fits {
        unknown.insert(path);
        return;
    }
    match value {
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                let path = format!("{path}.{key}");
                match schema["properties"]
                    .get(key)
                    .or(schema.get("additionalProperties").filter(|s| s.is_object()))
                {
                    Some(below) => look_for(root, below, member, path, unknown),
                    None => drop(unknown.insert(path)),
                }
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                look_for(root, &schema["items"], item, format!("{path}[]"), unknown);
            }
        }
        _ => {}
    }
}
