//! Rejected records are stored with line, reason and text, and the rest of the run continues.

use std::collections::BTreeSet;

use forebay_domain::{json::DEFAULT_MAX_DEPTH, reject::RejectReason, run::OnDuplicate};
use forebay_engine::persist::{self, PersistRequest, RunReport};
use forebay_sources::{Format, ReadOptions};

use super::{Shop, complete, counts, guarded, in_scope, incremental, input, numbered, read_as};

async fn persist_bytes(
    shop: &Shop,
    request: PersistRequest,
    options: ReadOptions,
    bytes: &[u8],
) -> RunReport {
    let input = read_as(Box::new(std::io::Cursor::new(bytes.to_vec())), options);
    persist::persist(&shop.database, request, input, &|_| {}).await.unwrap()
}

fn reason(word: &str) -> RejectReason {
    RejectReason::ALL.into_iter().find(|reason| reason.as_str() == word).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_is_kept_with_its_line_and_text() {
    let shop = Shop::open().await;
    let deep = format!("{{\"id\":{}{}}}", "[".repeat(DEFAULT_MAX_DEPTH), "]".repeat(DEFAULT_MAX_DEPTH));
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(5_000));
    let long_key = format!("{{\"id\":\"{}\"}}", "k".repeat(1_025));
    let long_name = format!("{{\"id\":\"x\",\"{}\":1}}", "n".repeat(1_025));
    let bad: [(&[u8], &str); 15] = [
        (b"{\"id\":}", "invalid_json"),
        (b"{\"id\":\"\xff\"}", "invalid_utf8"),
        (long.as_bytes(), "record_too_long"),
        (deep.as_bytes(), "too_deep"),
        (b"{\"id\":\"x\",\"y\":{\"z\":1,\"z\":2}}", "duplicate_json_key"),
        (b"{\"id\":\"x\",\"n\":1e200000}", "number_out_of_range"),
        (b"[\"id\"]", "not_an_object"),
        (b"{\"key\":\"x\"}", "missing_key"),
        (b"{\"id\":null}", "null_key"),
        (b"{\"id\":\"\"}", "empty_key"),
        (b"{\"id\":{}}", "invalid_key"),
        (b"{\"id\":\"a\\u0000b\"}", "invalid_key"),
        (long_key.as_bytes(), "invalid_key"),
        (long_name.as_bytes(), "field_name_too_long"),
        (b"{\"id\":\"K0\",\"n\":2}", "duplicate_key"),
    ];
    // A valid record before each invalid one, one after them, and an incomplete last line.
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for (index, (raw, word)) in bad.iter().enumerate() {
        bytes.extend_from_slice(numbered(index..index + 1, 1).as_bytes());
        bytes.extend_from_slice(raw);
        bytes.push(b'\n');
        let text = std::str::from_utf8(raw).map_or("-".to_owned(), ToOwned::to_owned);
        expected.push(format!("{} {word} {text} {}", 2 * index + 2, raw.len()));
    }
    bytes.extend_from_slice(b"{\"id\":\"last\"}\n{\"id\":\"cu");
    expected.push("32 truncated_record {\"id\":\"cu 9".to_owned());

    let request = PersistRequest {
        on_duplicate: Some(OnDuplicate::Reject),
        max_rejected_share: Some(1.0),
        ..complete(2)
    };
    let options =
        ReadOptions { format: Format::JsonLines, max_record_bytes: 4_096, ..ReadOptions::default() };
    let report = persist_bytes(&shop, request, options, &bytes).await;
    assert_eq!(counts(&report), [32, 16, 0, 0, 0, 0, 0, 16]);
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("partial", Some("truncated_input")));
    let kept = "select line, reason_code, raw_text, raw_length from forebay.rejected_records order by line";
    assert_eq!(shop.rows(kept).await, expected);
    let bytes = "select line, raw_bytes from forebay.rejected_records where raw_text is null";
    assert_eq!(shop.rows(bytes).await, ["4 \\x7b226964223a22ff227d"]);
    let offsets = "select bool_and(byte_offset > 0 and input = 'test.jsonl' and message <> '') from forebay.rejected_records";
    assert_eq!(shop.row(offsets).await, "t");

    let csv = "id,title\n1,One\n2,Two,Three\n3,Three\n";
    let options = ReadOptions { format: Format::Csv, ..ReadOptions::default() };
    let report = persist_bytes(&shop, in_scope("format=csv", complete(3)), options, csv.as_bytes()).await;
    assert_eq!(counts(&report), [3, 2, 0, 0, 0, 0, 0, 1]);
    let kept = "select line, raw_text from forebay.rejected_records where reason_code = 'invalid_csv'";
    assert_eq!(shop.rows(kept).await, ["3 2,Two,Three"]);

    let older = shop.persist(in_scope("format=late", incremental(1)), "{\"id\":\"K1\",\"n\":0}\n").await;
    assert_eq!(counts(&older), [1, 0, 0, 0, 0, 0, 0, 1]);
    let check = "alter table forebay.\"references\" add check (record_key <> 'refused')";
    shop.client.batch_execute(check).await.unwrap();
    let refused = shop.persist(in_scope("format=checked", incremental(4)), "{\"id\":\"refused\"}\n").await;
    assert_eq!(counts(&refused), [1, 0, 0, 0, 0, 0, 0, 1]);
    let words = shop.rows("select distinct reason_code from forebay.rejected_records").await;
    let seen: BTreeSet<RejectReason> = words.iter().map(|word| reason(word)).collect();
    // The first two are only used by kinds that read pages, the third by partial records (`patches.rs`), the fourth
    // after a re-key (`reused_keys.rs`), the last for declared entity types (`entities.rs` of the command line).
    let others = [
        RejectReason::InvalidRecord,
        RejectReason::MissingField,
        RejectReason::OutdatedPatch,
        RejectReason::KeyReused,
        RejectReason::WrongType,
    ];
    let of_formats = RejectReason::ALL.into_iter().filter(|reason| !others.contains(reason)).collect();
    assert_eq!(seen, of_formats, "every reason occurred");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_rejected_records_fail_the_run_and_remove_nothing() {
    for (request, num_added) in [(guarded(2), 0), (complete(2), 3)] {
        let shop = Shop::open().await;
        shop.persist(complete(1), &numbered(0..20, 1)).await;
        // Five of eight: fewer than five never fail a run.
        let text = numbered(20..23, 1) + &"{\"title\":\"x\"}\n".repeat(5);
        let report = shop.persist(request, &text).await;
        assert_eq!(
            (report.status.as_str(), report.reason_code.as_deref()),
            ("failed", Some("too_many_rejected"))
        );
        assert_eq!(report.counts.num_rejected, 5);
        assert_eq!(report.messages.len(), 1);
        // Straight batches stay; staged changes are dropped.
        let active = "select count(*) from forebay.\"references\" where removed_at is null";
        assert_eq!(shop.row(active).await, (20 + num_added).to_string());
        assert_eq!(shop.row("select count(*) from forebay.scrape_run_changes").await, "0");
        let run = "select status, reason_code, num_seen, num_rejected, num_removed from forebay.scrape_runs order by run_id desc limit 1";
        assert_eq!(shop.row(run).await, "failed too_many_rejected 8 5 0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_record_may_be_one_that_looks_removed() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..20, 1)).await;
    // Under guards, a run that could not read everything changes and adds records but removes none.
    let mut text = numbered(0..1, 2) + &numbered(1..15, 1) + "{\"id\":\n" + &numbered(20..21, 1);
    let report = shop.persist(guarded(2), &text).await;
    assert_eq!(
        (report.status.as_str(), report.reason_code.as_deref()),
        ("partial", Some("rejected_records"))
    );
    assert_eq!(counts(&report), [17, 1, 1, 14, 0, 0, 0, 1]);
    assert_eq!(report.warnings.len(), 1);
    // Incomplete input removes nothing, with or without guards.
    for request in [guarded(3), complete(3)] {
        text = numbered(0..1, 3) + "{\"id\":\"K1";
        let report = shop.persist(request, &text).await;
        assert_eq!(
            (report.status.as_str(), report.reason_code.as_deref()),
            ("partial", Some("truncated_input"))
        );
        assert_eq!(report.counts.num_removed, 0);
    }
    let active = "select count(*) from forebay.\"references\" where removed_at is null";
    assert_eq!(shop.row(active).await, "21");
    // With guards off, a run may remove records although some input was rejected, but not if too much was.
    let text = "{\"id\":\"K0\",\"n\":3}\n{\"id\":\n";
    let report = shop.persist(complete(4), text).await;
    assert_eq!((report.status.as_str(), counts(&report)), ("partial", [2, 0, 0, 1, 0, 0, 0, 1]));
    let lenient = PersistRequest { max_rejected_share: Some(0.5), ..complete(5) };
    let report = shop.persist(lenient, text).await;
    assert_eq!((report.status.as_str(), counts(&report)), ("partial", [2, 0, 0, 1, 20, 0, 0, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_without_one_usable_record_fails_and_removes_nothing() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    for request in [complete(2), guarded(2), incremental(2)] {
        let report = shop.persist(request, "{\"idd\":1}\n{\"idd\":2}\n").await;
        assert_eq!(
            (report.status.as_str(), report.reason_code.as_deref()),
            ("failed", Some("no_usable_records"))
        );
    }
    let active = "select count(*) from forebay.\"references\" where removed_at is null";
    assert_eq!(shop.row(active).await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_key_fields_are_refused_once_there_are_references() {
    let shop = Shop::open().await;
    let keyed =
        |field: &str, number| PersistRequest { key_fields: vec![field.to_owned()], ..complete(number) };
    // A mistyped key in the first run finds no records, and the correct key replaces it.
    assert_eq!(shop.persist(keyed("idd", 1), &numbered(0..3, 1)).await.status.as_str(), "failed");
    assert_eq!(shop.persist(keyed("id", 1), &numbered(0..3, 1)).await.counts.num_added, 3);
    let text = numbered(0..3, 1);
    let error =
        persist::persist(&shop.database, keyed("n", 2), input(text.as_bytes()), &|_| {}).await.unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("key_changed", true));
    assert_eq!(shop.row("select key_fields from forebay.sources").await, "{id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_says_which_of_the_records_that_it_rejects_last_are_stored() {
    let shop = Shop::open().await;
    shop.persist(guarded(1), &numbered(0..40, 1)).await;
    shop.persist(incremental(5), &numbered(0..4, 2)).await;
    // Staged: which records are older than the stored ones is found when the changes are applied.
    let request = PersistRequest { max_rejected_kept: Some(2), ..guarded(3) };
    let report = shop.persist(request, &numbered(0..40, 1)).await;
    assert_eq!((report.counts.num_rejected, report.status.as_str()), (4, "complete"));
    let expected =
        "only the first 2 of 4 rejected records are stored with their text; by reason: older_than_stored 4";
    assert_eq!(report.messages, [expected]);
    assert_eq!(
        shop.row("select message from forebay.scrape_runs order by run_id desc limit 1").await,
        expected
    );
    assert_eq!(shop.row("select count(*) from forebay.rejected_records").await, "2");
}
