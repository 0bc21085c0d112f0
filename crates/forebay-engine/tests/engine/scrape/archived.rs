//! Archived runs, and the limits on archives and compressed files.

use std::{io::Write, sync::Arc};

use flate2::{Compression, write::GzEncoder};
use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_engine::scrape::{ScrapeOptions, SourceDefinition, SourceKind, scrape};
use forebay_sources::fetch::FetchSettings;
use serde_json::json;

use super::{World, courses, list};
use crate::{
    persist::counts,
    site::{Answer, Asked},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_known_pages_is_archived_completely() {
    let mut world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], Some("/p2")));
    world.site.set("/p2", list(&[("3", "Graphs")], None));
    world.scrape().await;
    assert_eq!(world.site.asked(), Asked { whole: 2, ..Asked::default() });

    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("pages.warc.gz");
    let mut sources = (*world.scraper.sources).clone();
    sources.get_mut("courses").unwrap().fetch.warc = Some(archive.clone());
    world.scraper.sources = Arc::new(sources);
    world.scrape().await;
    assert_eq!(world.site.asked(), Asked { whole: 2, ..Asked::default() });

    let source = world.scraper.source("courses").unwrap();
    let options = ScrapeOptions { from_warc: Some(archive), ..ScrapeOptions::default() };
    let report = scrape(&world.scraper, source, &Scope::default(), &options, &|_| {}).await.unwrap();
    assert_eq!(report.status, RunStatus::Complete, "{report:?}");
    assert_eq!(counts(&report)[0], 3);
    assert_eq!(world.site.asked(), Asked::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_file_is_limited_by_its_decompressed_size() {
    for (content, max_file, expected) in [
        ("{\"id\":\"1\",\"title\":\"Logic\"}\n".repeat(10_000), "100KB", "body_too_large"),
        ("\n".repeat(16 << 20), "1GB", "decompression_bomb"),
    ] {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(content.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        assert!(packed.len() < 50_000, "the response is small");
        let world = World::with(|url| {
            let kind = json!({ "url": format!("{url}/all.jsonl.gz"), "format": "jsonl" });
            let kind = SourceKind::File(serde_json::from_value(kind).unwrap());
            let fetch: FetchSettings =
                serde_json::from_value(json!({ "allow_private": true, "max_file": max_file })).unwrap();
            vec![SourceDefinition { kind, fetch, ..courses("courses", url) }]
        })
        .await;
        world.site.set("/all.jsonl.gz", Answer::Raw(200, Vec::new(), packed));
        let ended = match world.try_scrape().await {
            Ok(report) => report.reason_code.unwrap_or_default(),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(ended, expected);
    }
}
