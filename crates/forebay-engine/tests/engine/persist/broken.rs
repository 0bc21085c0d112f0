//! Inputs whose reader fails: missing records do not count as removed.

use std::{
    io::{self, Read},
    sync::Arc,
};

use forebay_engine::persist::{self, Feed, Input};
use forebay_sources::{ReadOptions, fetch::FetchStats};
use tokio::sync::mpsc;

use super::{Shop, complete, numbered, read_as};

const ACTIVE: &str = "select count(*) from forebay.\"references\" where removed_at is null";

/// Yields one text, and panics on the next read.
struct Fragile(Option<Vec<u8>>);

impl Read for Fragile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let text = self.0.take().expect("the reader dies");
        buffer[..text.len()].copy_from_slice(&text);
        Ok(text.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_panics_does_not_end_the_input() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..20, 1)).await;
    let reader = Fragile(Some(numbered(0..3, 1).into_bytes()));
    let input = read_as(Box::new(reader), ReadOptions::default());
    let error = persist::persist(&shop.database, complete(2), input, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "reader_ended");
    assert_eq!(shop.row(ACTIVE).await, "20");
    let last = "select status, reason_code from forebay.scrape_runs order by run_id desc limit 1";
    assert_eq!(shop.row(last).await, "failed reader_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_panics_is_incomplete() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..20, 1)).await;
    let (_, pages) = mpsc::channel(1);
    let end = tokio::spawn(async { panic!("the crawl dies") });
    let feed = Feed::Pages { pages, end, stats: Arc::new(FetchStats::default()) };
    let input = Input { name: "site".into(), feed };
    let error = persist::persist(&shop.database, complete(2), input, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "reader_ended");
    assert_eq!(shop.row(ACTIVE).await, "20");
}
