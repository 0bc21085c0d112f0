//! Pages with many records: they arrive in parts, and are remembered or not as a whole.

use forebay_domain::run::RunStatus;
use forebay_engine::{
    persist::RunReport,
    scrape::{SourceDefinition, SourceKind, test},
};
use forebay_sources::kinds::{PageKind, PageReader};
use serde_json::json;

use super::{World, courses};
use crate::{
    persist::counts,
    site::{Answer, Asked},
};

/// A source of JSON pages.
async fn world() -> World {
    World::with(|url| {
        let settings = json!({ "url": format!("{url}/"), "records": "/items", "next": "/next" });
        let reader = PageReader::HttpJson(serde_json::from_value(settings).unwrap());
        let kind = SourceKind::Pages(PageKind::new(None, reader).unwrap());
        vec![SourceDefinition { kind, ..courses("courses", &format!("{url}/")) }]
    })
    .await
}

/// A page whose records have these numbers as ids.
fn page(ids: impl Iterator<Item = usize>, next: Option<&str>) -> String {
    let records: Vec<String> = ids.map(|id| format!("{{\"id\":\"{id}\",\"title\":\"T{id}\"}}")).collect();
    json!({ "items": 0, "next": next })
        .to_string()
        .replace("\"items\":0", &format!("\"items\":[{}]", records.join(",")))
}

/// Scrapes a first page with these records and a small second one. Returns its report and the requests.
async fn scrape(world: &World, first: &str) -> (RunReport, Asked) {
    world.site.set("/", Answer::Page(first.to_owned()));
    world.site.set("/p2", Answer::Page(page(1_000_000..1_000_002, None)));
    let report = world.scrape().await;
    (report, world.site.asked())
}

const WHOLE: Asked = Asked { whole: 2, not_modified: 0, failed: 0 };
const UNCHANGED: Asked = Asked { whole: 0, not_modified: 2, failed: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_is_remembered_with_all_its_records() {
    let world = world().await;
    // Several parts, and several windows.
    let first = page(0..40_000, Some("/p2"));
    let (report, asked) = scrape(&world, &first).await;
    assert_eq!((counts(&report)[..2].to_vec(), asked), (vec![40_002, 40_002], WHOLE));
    let remembered = "select num_records || ' ' || field_counts::text || ' ' || cardinality(reference_ids) \
         from forebay.http_validators order by num_records desc limit 1";
    assert_eq!(world.text(remembered).await, r#"40000 {"id": 40000, "title": 40000} 40000"#);
    let (report, asked) = scrape(&world, &first).await;
    assert_eq!((counts(&report), asked), ([40_002, 0, 0, 40_002, 0, 0, 0, 0], UNCHANGED));
    assert_eq!(report.field_coverage, [("id".to_owned(), 1.0), ("title".to_owned(), 1.0)].into());

    // A record less is removed.
    let (report, _) = scrape(&world, &page(1..40_000, Some("/p2"))).await;
    assert_eq!((report.status, counts(&report)), (RunStatus::Complete, [40_001, 0, 0, 40_001, 1, 0, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_with_a_rejected_record_in_one_part_is_read_again() {
    let world = world().await;
    let first = page(0..20_000, Some("/p2")).replace("[{", "[{},{");
    for _ in 0..2 {
        let (report, asked) = scrape(&world, &first).await;
        assert_eq!(
            (report.counts.num_rejected, asked.whole),
            (1, if report.counts.num_added > 0 { 2 } else { 1 })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_very_many_records_is_read_each_time() {
    let world = world().await;
    let first = page(0..100_001, Some("/p2"));
    scrape(&world, &first).await;
    let (report, asked) = scrape(&world, &first).await;
    assert_eq!(counts(&report), [100_003, 0, 0, 100_003, 0, 0, 0, 0]);
    assert_eq!(asked, Asked { whole: 1, not_modified: 1, failed: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_that_is_cut_changes_nothing() {
    let world = world().await;
    let first = page(0..20_000, Some("/p2"));
    scrape(&world, &first).await;
    // The link to the second page comes after the records.
    let cut = first.replace("T0", "T").split_once("],").map(|(records, _)| records.to_owned()).unwrap();
    world.site.set("/", Answer::Page(cut));
    let error = world.try_scrape().await.unwrap_err();
    assert_eq!(error.code(), "page_unreadable");
    assert_eq!(
        world.number("select count(*) from forebay.\"references\" where removed_at is null").await,
        20_002
    );
    assert_eq!(
        world.number("select count(*) from forebay.\"references\" where payload ->> 'title' = 'T'").await,
        0
    );
    // The page was remembered by the last good run.
    let (report, _) = scrape(&world, &first).await;
    assert_eq!(report.counts.num_unchanged, 20_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_shows_the_start_of_a_large_page() {
    let world = world().await;
    world.site.set("/", Answer::Page(page(0..40_000, Some("/p2"))));
    let source = world.scraper.source("courses").unwrap();
    let sample = test(&world.scraper, source, &"".parse().unwrap(), 3).await.unwrap();
    assert_eq!((sample.records.len(), sample.pages.len(), sample.has_more), (3, 1, true));
    assert!(sample.pages[0].num_records >= 8192, "{:?}", sample.pages[0]);
}
