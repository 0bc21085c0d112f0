//! How Forebay reads the made-up site. The spider of the peer reads the same fields with the same selectors.

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::scope::Scope;
use forebay_engine::{
    clock,
    scrape::{Scraper, SourceDefinition, SourceKind},
};
use forebay_sources::{
    crawl::CrawlSettings,
    fetch::{FetchSettings, Network},
    kinds::{Html, PageKind, PageReader},
};
use forebay_store::connect::Database;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The source's name.
pub(crate) const SOURCE: &str = "bench";
/// The entity type of its records.
pub(crate) const ENTITY_TYPE: &str = "course";
/// Pages fetched at the same time, by Forebay and by the peer.
pub(super) const CONCURRENCY: u16 = 16;
/// More pages than the site ever has.
const MOST_PAGES: u32 = u32::MAX;

/// The kind of the source, for a site at this URL.
pub(super) fn kind(url: &str) -> Result<PageKind, Failure> {
    let html: Html = settings(json!({
        "url": format!("{url}/lists/0"),
        "items": "li.course",
        "fields": {"id": "@data-id"},
        "follow": "h2 a",
        "next": "a.next",
        "detail": {"fields": {
            "title": "h1.title",
            "code": "p.code",
            "summary": "p.summary",
            "department": "dd.department",
            "credits": "dd.credits",
            "level": "dd.level",
            "semester": "dd.semester",
            "language": "dd.language",
            "mode": "dd.mode",
            "campus": "dd.campus",
            "room": "dd.room",
            "capacity": "dd.capacity",
            "open": "dd.open",
            "instructor": "a.instructor",
            "instructor_url": "a.instructor@href",
            "changed": "time.changed@datetime",
            "cover": "img.cover@src",
            "syllabus": "a.syllabus@href",
            "tags": "ul.tags li.tag[]",
            "days": "td.day[]",
            "times": "td.time[]",
        }},
    }))?;
    PageKind::new(None, PageReader::Html(html)).map_err(|error| Failure::from_error(error.code(), &error))
}

/// Fetches as fast as possible from a site on loopback. Each request names its `caller`.
pub(super) fn fetching(caller: &str) -> Result<FetchSettings, Failure> {
    settings(json!({
        "allow_private": true, "rate": "unlimited", "concurrency": CONCURRENCY, "robots": "obey",
        "headers": {super::site::CALLER: caller},
    }))
}

pub(super) fn crawling() -> CrawlSettings {
    CrawlSettings { max_pages: MOST_PAGES, concurrency: CONCURRENCY, ..CrawlSettings::default() }
}

/// Scrapes a site at this URL into a database.
pub(crate) fn scraper(database: Arc<Database>, url: &str, caller: &str) -> Result<Scraper, Failure> {
    let source = SourceDefinition {
        entity_type: ENTITY_TYPE.to_owned(),
        key_fields: vec!["id".to_owned()],
        max_rejected_share: 0.0,
        complete: true,
        fetch: fetching(caller)?,
        crawl: crawling(),
        scopes: vec![Scope::default()],
        ..SourceDefinition::new(SOURCE, SourceKind::Pages(kind(url)?))
    };
    let sources = BTreeMap::from([(source.name.clone(), source)]);
    Ok(Scraper::new(database, Network::new(1, clock::system()), Arc::new(sources)))
}

fn settings<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| Failure::from_error("bench_failed", &error))
}
