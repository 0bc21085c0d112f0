//! End lines: a producer that dies looks like one that is done, unless its input must have an end line.

use forebay_engine::persist::{self, PersistRequest};
use forebay_sources::{Format, ReadOptions};

use super::{Shop, complete, guarded, incremental, numbered, read_as};

const ACTIVE: &str = "select count(*) from forebay.\"references\" where removed_at is null";

fn end(complete: bool, reason: &str, num_errors: u64) -> String {
    format!(
        "{{\"$forebay\":{{\"end\":{{\"complete\":{complete},\"reason\":\"{reason}\",\"num_errors\":{num_errors}}}}}}}\n"
    )
}

/// Records for a range of numbers, and then an end line.
fn ended(range: std::ops::Range<usize>) -> String {
    numbered(range, 1) + &end(true, "finished", 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn once_sent_an_end_line_is_expected() {
    let shop = Shop::open().await;
    let first = shop.persist(complete(1), &numbered(0..20, 1)).await;
    assert_eq!(first.status.as_str(), "complete", "nothing is expected of a new source");
    let second = shop.persist(complete(2), &ended(0..19)).await;
    assert_eq!((second.status.as_str(), second.counts.num_removed), ("complete", 1));
    assert_eq!(second.counts.num_seen, 19, "the end line is no record");

    for request in [complete(3), guarded(3), incremental(3)] {
        let cut = shop.persist(request, &numbered(0..12, 2)).await;
        assert_eq!((cut.status.as_str(), cut.reason_code.as_deref()), ("partial", Some("end_line_missing")));
        assert!(cut.messages[0].contains("earlier inputs"), "{:?}", cut.messages);
        assert_eq!(shop.row(ACTIVE).await, "19");
    }
    let whole = shop.persist(complete(4), &ended(0..12)).await;
    assert_eq!((whole.status.as_str(), whole.counts.num_removed), ("complete", 7));

    // The setting overrides what is remembered, and is stored.
    let lenient = PersistRequest { require_end: Some(Some(false)), ..complete(5) };
    assert_eq!(shop.persist(lenient, &numbered(0..11, 1)).await.status.as_str(), "complete");
    assert_eq!(shop.persist(complete(6), &numbered(0..10, 1)).await.status.as_str(), "complete");
    let as_remembered = PersistRequest { require_end: Some(None), ..complete(7) };
    assert_eq!(shop.persist(as_remembered, &numbered(0..9, 1)).await.status.as_str(), "partial");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_require_end_lines_from_the_start() {
    let shop = Shop::open().await;
    let required = |number| PersistRequest { require_end: Some(Some(true)), ..complete(number) };
    let first = shop.persist(required(1), &numbered(0..20, 1)).await;
    assert_eq!((first.status.as_str(), first.reason_code.as_deref()), ("partial", Some("end_line_missing")));
    assert!(first.messages[0].contains("require_end"), "{:?}", first.messages);
    assert_eq!(shop.row(ACTIVE).await, "20", "what was read is stored");
    assert_eq!(shop.persist(required(2), &ended(0..20)).await.status.as_str(), "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_line_can_contradict_the_run() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &ended(0..20)).await;
    let cases = [
        (end(false, "shutdown", 0), "producer_incomplete", "shutdown"),
        (end(true, "finished", 2), "producer_errors", "finished, 2 errors"),
        (String::from("{\"$forebay\":{\"end\":{\"complete\":false}}}"), "producer_incomplete", "no reason"),
    ];
    for (end, code, said) in cases {
        for request in [complete(2), guarded(2)] {
            let report = shop.persist(request, &(numbered(0..19, 1) + &end)).await;
            assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("partial", Some(code)));
            assert!(report.messages[0].contains(said), "{:?}", report.messages);
            assert!(report.warnings.iter().any(|warning| warning.contains("no unseen record was removed")));
        }
    }
    assert_eq!(shop.row(ACTIVE).await, "20");
    let misspelt = numbered(0..19, 1) + "{\"$forebay\":{\"end\":{\"completed\":true}}}\n";
    let report = shop.persist(complete(3), &misspelt).await;
    assert_eq!((report.status.as_str(), report.counts.num_rejected), ("partial", 1));
    assert_eq!(shop.row("select reason_code from forebay.rejected_records").await, "invalid_record");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_after_the_end_line_fail_the_run() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &ended(0..20)).await;
    let two_outputs = ended(0..10) + &ended(10..20);
    let input = super::input(two_outputs.as_bytes());
    let error =
        forebay_engine::persist::persist(&shop.database, complete(2), input, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "record_after_end");
    let last = "select status, reason_code from forebay.scrape_runs order by run_id desc limit 1";
    assert_eq!(shop.row(last).await, "failed record_after_end");
    assert_eq!(shop.row(ACTIVE).await, "20");
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_without_end_lines_are_not_held_to_earlier_ones() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &ended(0..20)).await;
    let read = async |request, text: &'static str, format| {
        let input = read_as(Box::new(text.as_bytes()), ReadOptions { format, ..ReadOptions::default() });
        persist::persist(&shop.database, request, input, &|_| {}).await.unwrap()
    };
    let (csv, json) = ("id,n\nK1,1\n", "[{\"id\":\"K1\",\"n\":1}]");
    for (text, format) in
        [(csv, Format::Csv), (csv, Format::Auto), (json, Format::Json), (json, Format::Auto)]
    {
        let report = read(incremental(2), text, format).await;
        assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("complete", None), "{format:?}");
    }
    // The setting holds for every input, and the message says what can fulfil it.
    let required = PersistRequest { require_end: Some(Some(true)), ..complete(3) };
    let report = read(required, csv, Format::Csv).await;
    assert_eq!(
        (report.status.as_str(), report.reason_code.as_deref()),
        ("partial", Some("end_line_missing"))
    );
    assert!(report.messages[0].contains("only JSON Lines"), "{:?}", report.messages);
    assert_eq!(shop.row(ACTIVE).await, "20");
}
