//! Scraping a site on loopback, day by day.

mod any_runtime;
mod archived;
mod bad_days;
mod chain;
mod declared;
mod large_pages;
mod logs;
mod looked_at;
mod pages;
mod programs;
mod schedule;
mod taps;

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::scope::Scope;
use forebay_engine::{
    Result, clock,
    persist::RunReport,
    scrape::{ScrapeOptions, Scraper, SourceDefinition, SourceKind, scrape},
};
use forebay_sources::{
    fetch::FetchSettings,
    kinds::{Html, PageKind, PageReader},
};
use forebay_store::{
    connect::Database,
    testing::{self, TestDatabase},
};
use serde_json::json;
use tokio_postgres::Client;

use crate::{
    site::{Answer, Site},
    wait::eventually,
};

/// A list of courses on `/`, with a link to the next page if there is one.
pub(crate) fn list(courses: &[(&str, &str)], next: Option<&str>) -> Answer {
    let item = |(id, title): &(&str, &str)| format!("<li class=course data-id='{id}'><h2>{title}</h2></li>");
    let items = courses.iter().map(item).collect::<Vec<_>>().concat();
    let next = next.map(|next| format!("<a rel=next href='{next}'>more</a>")).unwrap_or_default();
    Answer::Page(format!("<!doctype html><title>Courses</title><ul>{items}</ul>{next}"))
}

/// A source of courses on a site.
pub(crate) fn courses(name: &str, url: &str) -> SourceDefinition {
    let html: Html = serde_json::from_value(json!({
        "url": url,
        "items": ".course",
        "fields": {"id": "@data-id", "title": "h2"},
        "next": "a[rel=next]",
    }))
    .unwrap();
    let fetch: FetchSettings = serde_json::from_value(json!({
        "allow_private": true, "rate": "unlimited", "retries": 0, "backoff": "1ms", "timeout": "5m",
    }))
    .unwrap();
    let kind = SourceKind::Pages(PageKind::new(None, PageReader::Html(html)).unwrap());
    SourceDefinition {
        entity_type: "course".into(),
        key_fields: vec!["id".into()],
        complete: true,
        fetch,
        ..SourceDefinition::new(name, kind)
    }
}

/// A site, a database, and sources for the site.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) scraper: Scraper,
    pub(crate) client: Client,
    pub(crate) test: TestDatabase,
}

impl World {
    /// With the source `courses` on `/`.
    pub(crate) async fn open() -> Self {
        Self::with(|url| vec![courses("courses", &format!("{url}/"))]).await
    }

    pub(crate) async fn with(sources: impl FnOnce(&str) -> Vec<SourceDefinition>) -> Self {
        let site = Site::open().await;
        let test = testing::database().await;
        let sources: BTreeMap<String, SourceDefinition> =
            sources(&site.url).into_iter().map(|source| (source.name.clone(), source)).collect();
        let scraper = Scraper::new(Arc::new(test.open().await), clock::network(), Arc::new(sources));
        Self { site, scraper, client: test.client().await, test }
    }

    pub(crate) async fn try_scrape(&self) -> Result<RunReport> {
        let source = self.scraper.source("courses").unwrap();
        scrape(&self.scraper, source, &Scope::default(), &ScrapeOptions::default(), &|_| {}).await
    }

    pub(crate) async fn scrape(&self) -> RunReport {
        self.try_scrape().await.unwrap()
    }

    /// Replaces the pool, and ends the old connections, also those that a pooler keeps, because an open connection may
    /// report its statistics up to ten seconds late.
    pub(crate) async fn reconnect(&mut self) {
        Database::clone(&self.scraper.database).close().await.unwrap();
        let others = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
        eventually("the connections are closed", async || self.number(others).await == 0).await;
        self.scraper.database = Arc::new(self.test.open().await);
    }

    pub(crate) async fn number(&self, statement: &str) -> i64 {
        self.client.query_one(statement, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn text(&self, statement: &str) -> String {
        self.client.query_one(statement, &[]).await.unwrap().get(0)
    }
}
