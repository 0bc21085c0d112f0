//! A dry run says what its run then does, by the same rules.

use std::io::Cursor;

use forebay_domain::run::OnDuplicate;
use forebay_engine::persist::{self, DryRun, PersistRequest};
use forebay_sources::{Format, ReadOptions};

use super::{Shop, complete, guarded, incremental, input, lines, numbered, read_as};

impl Shop {
    async fn dry_run(&self, request: PersistRequest, text: &str) -> DryRun {
        persist::dry_run(&self.database, request, input(text.as_bytes())).await.unwrap()
    }

    /// Compares a dry run with its run.
    async fn try_out(&self, request: PersistRequest, text: &str) -> DryRun {
        let dry = self.dry_run(request.clone(), text).await;
        let report = self.persist(request, text).await;
        assert_eq!(
            (dry.status, &dry.messages[..report.messages.len()]),
            (report.status, &report.messages[..])
        );
        assert_eq!(
            (dry.counts, dry.num_withheld),
            (report.counts, report.num_withheld),
            "{dry:?} {report:?}"
        );
        dry
    }
}

const BAD: &str = "{\"no_key\":1}\n";

#[tokio::test(flavor = "multi_thread")]
async fn guards_judge_a_partial_run_too() {
    let shop = Shop::open().await;
    let full = |keys: std::ops::Range<usize>| {
        lines(keys.map(|key| format!("{{\"id\":\"K{key}\",\"n\":1,\"m\":2}}")))
    };
    for number in 1..5 {
        shop.persist(guarded(number), &full(0..40)).await;
    }
    // All records lose a field, one record is unusable, and one is missing.
    let dry = shop.dry_run(guarded(5), &(numbered(0..39, 1) + BAD)).await;
    let report = shop.persist(guarded(5), &(numbered(0..39, 1) + BAD)).await;
    assert_eq!((dry.status.as_str(), dry.num_withheld), ("held", 39), "{dry:?}");
    assert_eq!((report.status, report.num_withheld), (dry.status, dry.num_withheld));
    assert_eq!(dry.counts.num_removed, 0, "an unusable record may be the missing one");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_guards_a_few_unusable_records_prevent_no_removals() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..40, 1)).await;
    let dry = shop.try_out(complete(2), &(numbered(0..30, 1) + BAD)).await;
    assert_eq!((dry.status.as_str(), dry.counts.num_removed), ("partial", 10), "{dry:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_records_are_rejected() {
    let shop = Shop::open().await;
    shop.persist(incremental(5), &numbered(0..4, 1)).await;
    let dry = shop.try_out(incremental(3), &numbered(0..8, 2)).await;
    assert_eq!((dry.counts.num_added, dry.counts.num_updated, dry.counts.num_rejected), (4, 0, 4));
    // A staged run finds them at its end.
    let dry = shop.try_out(guarded(4), &numbered(0..8, 3)).await;
    assert_eq!((dry.status.as_str(), dry.counts.num_updated, dry.counts.num_rejected), ("complete", 4, 4));

    let shop = Shop::open().await;
    let sequence =
        |number| PersistRequest { sequence_field: Some(Some("n".to_owned())), ..incremental(number) };
    shop.persist(sequence(1), &numbered(0..4, 7)).await;
    let dry = shop.try_out(sequence(2), &(numbered(0..3, 6) + &numbered(3..4, 8))).await;
    assert_eq!((dry.counts.num_updated, dry.counts.num_rejected), (1, 3), "{dry:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_would_fail_changes_nothing() {
    let shop = Shop::open().await;
    shop.persist(guarded(1), &numbered(0..10, 1)).await;
    let dry = shop.try_out(guarded(2), &(numbered(0..15, 2) + &BAD.repeat(5))).await;
    assert_eq!((dry.status.as_str(), dry.counts.num_rejected, dry.samples.len()), ("failed", 5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_would_be_refused_is_refused() {
    let shop = Shop::open().await;
    shop.persist(complete(5), &numbered(0..4, 1)).await;
    let refused = async |request: PersistRequest| {
        let dry = persist::dry_run(&shop.database, request.clone(), input(b"")).await.unwrap_err();
        let run = shop.try_persist(request, "").await.unwrap_err();
        assert_eq!(dry.code(), run.code());
        dry.code()
    };
    assert_eq!(refused(incremental(4)).await, "observed_out_of_order");
    assert_eq!(refused(incremental(40_000)).await, "observed_in_future");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_is_complete_if_its_messages_say_so() {
    let shop = Shop::open().await;
    let schema = r#"{"type":"SCHEMA","stream":"items","schema":{},"key_properties":["id"]}"#;
    let tap = |records: &[&str], version: i64| {
        let record = |record: &&str| {
            format!(r#"{{"type":"RECORD","stream":"items","record":{record},"version":{version}}}"#)
        };
        let whole = format!(r#"{{"type":"ACTIVATE_VERSION","stream":"items","version":{version}}}"#);
        let text = lines([schema.to_owned()].into_iter().chain(records.iter().map(record)).chain([whole]));
        let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
        read_as(Box::new(Cursor::new(text)), options)
    };
    // Without a key: that of the schema for a new source, the stored one afterwards.
    let request = |number| PersistRequest {
        key_fields: Vec::new(),
        on_duplicate: Some(OnDuplicate::Last),
        ..incremental(number)
    };
    let (one, two, three) = (r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3,"code":"x"}"#);
    for (number, records, expected) in [
        (1, vec![one, two, three], [3, 0]),
        // One is missing, and another says that it is gone.
        (2, vec![r#"{"id":1,"_sdc_deleted_at":"2026-01-02T00:00:00Z"}"#, two], [0, 2]),
        (3, vec![two], [0, 0]),
    ] {
        let dry = persist::dry_run(&shop.database, request(number), tap(&records, number)).await.unwrap();
        let report =
            persist::persist(&shop.database, request(number), tap(&records, number), &|_| {}).await.unwrap();
        assert_eq!([dry.counts.num_added, dry.counts.num_removed], expected, "{dry:?}");
        assert_eq!((dry.status, dry.counts), (report.status, report.counts));
    }
    // The version is stored, so the same one says nothing about missing records.
    let dry = persist::dry_run(&shop.database, request(4), tap(&[one], 3)).await.unwrap();
    assert_eq!((dry.counts.num_removed, dry.counts.num_restored), (0, 1), "{dry:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_again_much_later_is_reported() {
    let shop = Shop::open().await;
    let request = |number| PersistRequest { on_duplicate: Some(OnDuplicate::Last), ..complete(number) };
    let text = numbered(0..70_000, 1) + &numbered(0..2, 2);
    let dry = shop.dry_run(request(1), &text).await;
    assert_eq!(dry.counts.num_duplicate, 2);
    assert_eq!(dry.messages.len(), 1, "{dry:?}");
    assert!(dry.messages[0].starts_with("2 records have keys that came much earlier"), "{dry:?}");
    let dry = shop.dry_run(PersistRequest { on_duplicate: None, ..request(1) }, &text).await;
    assert!(dry.messages.is_empty(), "the first one counts: {dry:?}");
}
