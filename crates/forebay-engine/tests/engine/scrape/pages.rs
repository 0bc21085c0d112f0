//! Unchanged pages are not read again, and their records count as seen.

use forebay_domain::run::{OnDuplicate, RunStatus};
use forebay_engine::{
    persist::{self, PersistRequest},
    scrape::{ScrapeOptions, SourceDefinition, SourceKind, scrape},
};

use super::{World, courses, list};
use crate::{
    persist::{counts, incremental, input},
    site::{Answer, Asked},
};

impl World {
    /// Three pages with two courses each.
    async fn with_three_pages() -> Self {
        let world = Self::open().await;
        world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], Some("/p2")));
        world.site.set("/p2", list(&[("3", "Graphs"), ("4", "Rings")], Some("/p3")));
        world.site.set("/p3", list(&[("5", "Fields"), ("6", "Groups")], None));
        let report = world.scrape().await;
        assert_eq!(counts(&report), [6, 6, 0, 0, 0, 0, 0, 0]);
        assert_eq!(world.site.asked(), Asked { whole: 3, ..Asked::default() });
        world
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_site_costs_304s_and_writes_nothing_but_its_run() {
    let mut world = World::with_three_pages().await;
    let written = "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int8 from pg_stat_user_tables \
         where schemaname = 'forebay' and relname not in \
         ('scrape_runs', 'scope_leases', 'scrape_run_fields', 'circuit_breaker_state') \
         and relname not like 'scrape\\_logs%'";
    world.reconnect().await;
    let before = world.number(written).await;
    let report = world.scrape().await;
    assert_eq!(counts(&report), [6, 0, 0, 6, 0, 0, 0, 0]);
    assert_eq!(report.status, RunStatus::Complete);
    assert_eq!(report.field_coverage, [("id".to_owned(), 1.0), ("title".to_owned(), 1.0)].into());
    assert_eq!(world.site.asked(), Asked { not_modified: 3, ..Asked::default() });
    assert_eq!(report.fetched.num_not_modified, 3);
    assert_eq!(
        world.number("select num_not_modified from forebay.scrape_runs order by run_id desc limit 1").await,
        3
    );
    world.reconnect().await;
    assert!(before > 0);
    assert_eq!(world.number(written).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_changed_pages_are_read() {
    let world = World::with_three_pages().await;
    world.site.set("/p2", list(&[("3", "Graphs"), ("4", "Rings and ideals")], Some("/p3")));
    let report = world.scrape().await;
    assert_eq!(counts(&report), [6, 0, 1, 5, 0, 0, 0, 0]);
    assert_eq!(world.site.asked(), Asked { whole: 1, not_modified: 2, failed: 0 });
    let lineage = "select lineage ->> 'url' from forebay.\"references\" where record_key = '4'";
    assert_eq!(world.text(lineage).await, format!("{}/p2", world.site.url));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_missing_on_all_pages_are_removed() {
    let world = World::with_three_pages().await;
    world.site.set("/p2", list(&[("3", "Graphs")], Some("/p3")));
    assert_eq!(counts(&world.scrape().await), [5, 0, 0, 5, 1, 0, 0, 0]);
    // A page without any link to it counts as removed, with its records.
    world.site.set("/p2", list(&[("3", "Graphs"), ("4", "Rings")], None));
    let report = world.scrape().await;
    assert_eq!(counts(&report), [4, 0, 0, 3, 2, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_removes_nothing() {
    let world = World::with_three_pages().await;
    world.site.set("/p2", Answer::Status(500));
    let report = world.scrape().await;
    assert_eq!((report.status, report.reason_code.as_deref()), (RunStatus::Partial, Some("http_status")));
    assert_eq!(counts(&report), [2, 0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(world.number("select count(*) from forebay.\"references\" where removed_at is null").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_first_page_fails_the_run() {
    let world = World::with_three_pages().await;
    world.site.set("/", Answer::Status(404));
    assert_eq!(world.try_scrape().await.unwrap_err().code(), "http_status");
    assert_eq!(
        world.text("select status from forebay.scrape_runs order by run_id desc limit 1").await,
        "failed"
    );
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], Some("/p2")));
    world.site.remove("/p3");
    // Another page linked to it, and a missing page is a valid answer.
    let report = world.scrape().await;
    assert_eq!(report.status, RunStatus::Complete);
    assert_eq!(counts(&report), [4, 0, 0, 4, 2, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_held_run_are_read_again() {
    let world = World::with_three_pages().await;
    world.site.set("/", list(&[], Some("/p2")));
    world.site.set("/p2", list(&[], Some("/p3")));
    world.site.set("/p3", list(&[], None));
    let held = world.scrape().await;
    assert_eq!((held.status, held.reason_code.as_deref()), (RunStatus::Held, Some("empty_run")));
    world.site.asked();
    // The same empty pages again: the last run was not applied, so no page may be remembered.
    let again = world.scrape().await;
    assert_eq!(again.status, RunStatus::Held);
    assert_eq!(world.site.asked(), Asked { whole: 3, ..Asked::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manually_removed_record_is_restored_with_its_page() {
    let world = World::with_three_pages().await;
    world
        .client
        .batch_execute("update forebay.\"references\" set removed_at = now() where record_key = '4'")
        .await
        .unwrap();
    let report = world.scrape().await;
    assert_eq!(counts(&report), [6, 0, 0, 5, 0, 1, 0, 0]);
    assert_eq!(world.site.asked(), Asked { whole: 1, not_modified: 2, failed: 0 });
}

impl World {
    /// Persists other content of a course, in a separate run.
    async fn bring(&self, line: &str, scope: &str) {
        let request = PersistRequest {
            source: "courses".into(),
            entity_type: Some("course".into()),
            scope: scope.parse().unwrap(),
            observed_at: None,
            ..incremental(1)
        };
        persist::persist(&self.scraper.database, request, input(line.as_bytes()), &|_| {}).await.unwrap();
    }

    async fn title(&self, key: &str) -> String {
        self.text(&format!(
            "select payload ->> 'title' from forebay.\"references\" where record_key = '{key}' and removed_at is null"
        ))
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_written_by_another_run_are_read_again() {
    let world = World::with_three_pages().await;
    world.bring("{\"id\":\"4\",\"title\":\"Wrong\"}", "").await;
    let report = world.scrape().await;
    assert_eq!(counts(&report), [6, 0, 1, 5, 0, 0, 0, 0]);
    assert_eq!(world.site.asked(), Asked { whole: 1, not_modified: 2, failed: 0 });
    assert_eq!(world.title("4").await, "Rings");
    // Pages that were read again are remembered again, although they did not change: at once, or after their staged
    // changes were applied.
    world.scrape().await;
    world.site.asked();
    world.scrape().await;
    assert_eq!(world.site.asked(), Asked { not_modified: 3, ..Asked::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_with_the_same_key_are_read_each_time() {
    for policy in [OnDuplicate::First, OnDuplicate::Reject] {
        let world = World::with(|url| {
            let source = courses("courses", &format!("{url}/"));
            vec![SourceDefinition { on_duplicate: policy.clone(), max_rejected_share: 1.0, ..source }]
        })
        .await;
        world.site.set("/", list(&[("1", "Logic")], Some("/p2")));
        world.site.set("/p2", list(&[("1", "Logic, but otherwise")], Some("/p3")));
        world.site.set("/p3", list(&[("2", "Sets")], None));
        world.scrape().await;
        assert_eq!(world.title("1").await, "Logic");
        world.site.asked();
        world.scrape().await;
        assert_eq!(world.site.asked(), Asked { whole: 2, not_modified: 1, failed: 0 }, "{policy:?}");
        // The losing page is unchanged, and wins now.
        world.site.set("/", list(&[], Some("/p2")));
        world.scrape().await;
        assert_eq!(world.title("1").await, "Logic, but otherwise", "{policy:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_unchanged_only_for_its_scope_and_without_later_runs() {
    let world = World::with(|url| {
        let kind = serde_json::json!({ "url": format!("{url}/all.jsonl"), "format": "jsonl" });
        let kind = SourceKind::File(serde_json::from_value(kind).unwrap());
        let scopes = vec!["k=a".parse().unwrap(), "k=b".parse().unwrap()];
        vec![SourceDefinition { kind, scopes, ..courses("courses", &format!("{url}/")) }]
    })
    .await;
    world.site.set("/all.jsonl", Answer::Page("{\"id\":\"1\",\"title\":\"Logic\"}\n".into()));
    let read = async |scope: &str| {
        let source = world.scraper.source("courses").unwrap();
        let scope = scope.parse().unwrap();
        let report =
            scrape(&world.scraper, source, &scope, &ScrapeOptions::default(), &|_| {}).await.unwrap();
        (report.reason_code, world.site.asked())
    };
    let (whole, not_modified) =
        (Asked { whole: 1, ..Asked::default() }, Asked { not_modified: 1, ..Asked::default() });
    let unchanged = (Some("not_modified".to_owned()), not_modified);
    assert_eq!(read("k=a").await, (None, whole));
    assert_eq!(read("k=a").await, unchanged);
    assert_eq!(read("k=a").await, unchanged, "a run that found the file unchanged does not invalidate it");
    assert_eq!(read("k=b").await, (None, whole), "the file was never read for this scope");
    world.bring("{\"id\":\"1\",\"title\":\"Wrong\"}", "k=b").await;
    assert_eq!(read("k=b").await, (None, whole), "another run was applied since");
    assert_eq!(world.title("1").await, "Logic");
    assert_eq!(read("k=b").await, unchanged);
}
