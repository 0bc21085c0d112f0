//! A scrape can move between threads, and works on a single thread.

use forebay_domain::scope::Scope;
use forebay_engine::scrape::{ScrapeOptions, scrape};

use super::{World, list};
use crate::persist::counts;

fn assert_send<T: Send>(_: &T) {}

#[tokio::test(flavor = "current_thread")]
async fn one_thread_is_enough() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], Some("/p2")));
    world.site.set("/p2", list(&[("3", "Graphs")], None));
    let source = world.scraper.source("courses").unwrap();
    let (scope, options) = (Scope::default(), ScrapeOptions::default());
    let first = scrape(&world.scraper, source, &scope, &options, &|_| {});
    assert_send(&first);
    assert_eq!(counts(&first.await.unwrap())[..2], [3, 3]);
    assert_eq!(counts(&world.scrape().await)[..4], [3, 0, 0, 3]);
}
