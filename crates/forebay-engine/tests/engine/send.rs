//! The engine's futures can be spawned, and nothing needs a multi-threaded runtime.

use std::sync::Arc;

use forebay_engine::{
    clock,
    ensure::{EnsureOptions, Gate, Wanted},
    freshness::{self, ListOptions, Policies},
    persist::{Input, PersistRequest, persist},
    scrape::Scraper,
    work::{self, WorkOptions},
};
use forebay_sources::ReadOptions;
use forebay_store::connect::Database;

use crate::scrape::{World, list};

fn can_be_spawned<T: Send + 'static>(_: impl Future<Output = T> + Send + 'static) {}

/// Never called: it compiles only while every future is `Send`.
#[expect(dead_code, reason = "only compiled, never called")]
fn every_future_can_be_spawned(database: Arc<Database>, scraper: &Scraper, gate: Gate, wanted: Wanted) {
    let listed = (Arc::clone(&database), scraper.clone());
    can_be_spawned(async move {
        let (sources, policies) = (&listed.1.sources, Policies::default());
        freshness::list(&listed.0, sources, &policies, &ListOptions::default(), 10, clock::now()).await
    });
    let drained = Arc::clone(&database);
    can_be_spawned(async move { work::drain(&drained, &WorkOptions::default(), &|_| {}).await });
    let followed = Arc::clone(&database);
    can_be_spawned(async move {
        work::follow(&followed, &WorkOptions::default(), &|_| {}, std::future::pending()).await
    });
    can_be_spawned(async move { gate.ensure(&wanted, EnsureOptions::default()).await });
    can_be_spawned(async move {
        let input = Input::bytes("records.jsonl", Box::new(std::io::empty()), ReadOptions::default());
        persist(&database, PersistRequest::new("courses", ["id"]), input, &|_| {}).await
    });
}

#[tokio::test(flavor = "current_thread")]
async fn one_thread_is_enough() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], None));
    let gate = Gate::new(world.scraper.clone(), Policies::default());
    let wanted = Wanted { entity_type: "course".into(), scope: forebay_domain::scope::Scope::default() };
    let answer = gate.ensure(&wanted, EnsureOptions::default()).await;
    assert_eq!((answer.success, answer.num_records), (true, Some(2)), "{answer:?}");
    gate.finish().await;
    let report = work::drain(&world.scraper.database, &WorkOptions::default(), &|_| {}).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}
