//! Declared sources: stored without needless writes, and read again when their reading changes.

use std::sync::Arc;

use forebay_domain::scope::Scope;
use forebay_engine::scrape::{ScrapeOptions, SourceKind, Sources, declare, scrape};
use forebay_sources::kinds::{PageKind, PageReader};
use forebay_store::{projects::DeclaredElsewhere, sources::Mirrored};
use serde_json::json;

use super::{World, courses, list};
use crate::{persist::counts, site::Asked};

/// The sources of a world, with the selector that `courses` uses for titles.
fn sources(world: &World, title: &str, changed: impl FnOnce(&mut Sources)) -> Sources {
    let mut sources = Sources::clone(&world.scraper.sources);
    let html = serde_json::from_value(json!({
        "url": format!("{}/", world.site.url),
        "items": ".course",
        "fields": { "id": "@data-id", "title": title },
        "next": "a[rel=next]",
    }));
    let reader = PageReader::Html(html.unwrap());
    sources.get_mut("courses").unwrap().kind = SourceKind::Pages(PageKind::new(None, reader).unwrap());
    changed(&mut sources);
    sources
}

fn changed(names: &[&str]) -> Mirrored {
    Mirrored { changed: names.iter().map(|name| (*name).to_owned()).collect(), elsewhere: Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_declaration_is_not_written_again() {
    let world = World::open().await;
    let database = &world.scraper.database;
    let first = sources(&world, "h2", |_| ());
    assert_eq!(declare(database, &first).await.unwrap(), changed(&["courses"]));
    let shown = "select concat_ws(' ', kind, enabled, fallback, settings #>> '{html,items}', entity_type, key_fields, \
         parser_version, declared_at is not null) from forebay.sources";
    assert_eq!(world.text(shown).await, "html t {} .course course {id} 1 t");
    let row = "select concat_ws(' ', xmin, ctid, xmax) from forebay.sources";
    let before = world.text(row).await;
    assert_eq!(declare(database, &first).await.unwrap(), Mirrored::default());
    assert_eq!(world.text(row).await, before, "the row was neither written nor locked");

    let second = sources(&world, "h2", |sources| {
        let mut other = courses("other", "http://127.0.0.1:1/");
        other.enabled = false;
        sources.insert("other".to_owned(), other);
        sources.get_mut("courses").unwrap().fallback = vec!["other".to_owned()];
    });
    assert_eq!(declare(database, &second).await.unwrap(), changed(&["courses", "other"]));
    let shown = "select string_agg(concat_ws(' ', name, enabled, fallback, parser_version), ', ' order by name) \
         from forebay.sources";
    assert_eq!(world.text(shown).await, "courses t {other} 1, other f {} 1");

    // Another file on the same database names fewer sources.
    assert_eq!(declare(database, &first).await.unwrap(), changed(&["courses"]));
    assert_eq!(world.text(shown).await, "courses t {} 1, other f {} 1", "the other source is as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_belongs_to_the_project_that_declared_it_first() {
    let mut world = World::open().await;
    let database = Arc::clone(&world.scraper.database);
    let of = |world: &World, project: &str, title: &str| {
        sources(world, title, |sources| {
            sources.get_mut("courses").unwrap().project = Some(project.to_owned());
        })
    };
    assert_eq!(declare(&database, &of(&world, "first", "h2")).await.unwrap(), changed(&["courses"]));
    assert_eq!(declare(&database, &of(&world, "second", "h2")).await.unwrap(), Mirrored::default());
    let other = of(&world, "second", "h3");
    let elsewhere = declare(&database, &other).await.unwrap().elsewhere;
    assert_eq!(elsewhere, [DeclaredElsewhere { name: "courses".to_owned(), owner: "first".to_owned() }]);
    let shown = "select concat_ws(' ', project, settings #>> '{html,fields,title}', parser_version) \
         from forebay.sources";
    assert_eq!(world.text(shown).await, "first h2 1");

    world.scraper.sources = Arc::new(other.clone());
    let scraper = world.scraper.without(&elsewhere);
    assert!(scraper.sources.is_empty());
    let source = &other["courses"];
    let error = scrape(&scraper, source, &Scope::default(), &ScrapeOptions::default(), &|_| {}).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "declared_elsewhere");
    let message = error.to_string();
    assert!(message.contains("\"first\"") && message.contains("\"second\""), "{message}");
    assert_eq!(world.number("select count(*) from forebay.scrape_runs").await, 0);
}

impl World {
    /// Acts like a process with another configuration.
    fn read_as(&mut self, title: &str) {
        self.scraper.sources = Arc::new(sources(self, title, |_| ()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_reading_settings_invalidate_remembered_pages() {
    let mut world = World::open().await;
    let database = &Arc::clone(&world.scraper.database);
    world.read_as("h2");
    world.site.set("/", list(&[("1", "Logic")], Some("/p2")));
    world.site.set("/p2", list(&[("2", "Sets")], None));
    declare(database, &sources(&world, "h2", |_| ())).await.unwrap();
    let version = "select parser_version::int8 from forebay.sources";
    assert_eq!(counts(&world.scrape().await), [2, 2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(world.number(version).await, 1, "the first run uses the declared policy");
    world.site.asked();

    // Settings that don't affect reading change nothing.
    declare(
        database,
        &sources(&world, "h2", |sources| {
            sources.get_mut("courses").unwrap().fetch.retries = 9;
        }),
    )
    .await
    .unwrap();
    world.scrape().await;
    assert_eq!(world.site.asked(), Asked { not_modified: 2, ..Asked::default() });
    assert_eq!(world.number(version).await, 1);

    world.read_as("h2:first-child, h2");
    declare(database, &world.scraper.sources).await.unwrap();
    assert_eq!(world.number(version).await, 2);
    assert_eq!(counts(&world.scrape().await), [2, 0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(world.site.asked(), Asked { whole: 2, ..Asked::default() });
    world.scrape().await;
    assert_eq!(
        world.site.asked(),
        Asked { not_modified: 2, ..Asked::default() },
        "pages are remembered again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_an_older_configuration_remembers_no_pages() {
    let mut world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    world.read_as("h2");
    declare(&world.scraper.database, &world.scraper.sources).await.unwrap();
    let remembered = "select count(*) from forebay.http_validators";
    // A worker that was started before the configuration changed.
    world.read_as("h2, h3");
    world.scrape().await;
    assert_eq!(
        world.number(remembered).await,
        0,
        "pages read with old settings must not be remembered for the new ones"
    );
    world.read_as("h2");
    world.scrape().await;
    assert_eq!(world.number(remembered).await, 1);
    world.site.asked();
    world.read_as("h2, h3");
    world.scrape().await;
    assert_eq!(
        world.site.asked(),
        Asked { whole: 1, ..Asked::default() },
        "pages remembered under other settings are not used"
    );
    world.read_as("h2");
    world.scrape().await;
    assert_eq!(world.site.asked(), Asked { not_modified: 1, ..Asked::default() });
}
