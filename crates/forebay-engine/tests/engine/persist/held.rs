//! Runs that a guard holds, and the operator's decisions about them.

use forebay_engine::persist::{self, Feed, Input, PersistRequest};

use super::{Shop, complete, counts, day, guarded, id, incremental, lines, numbered};

const TOTALS: &str = "select count(*) filter (where removed_at is null), count(removed_at), sum(version),
    (select count(*) from forebay.scrape_run_changes) from forebay.\"references\"";

/// Forty references, and a held run that changes one, adds one and would remove thirty.
async fn held() -> (Shop, i64) {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..40, 1)).await;
    let text = numbered(0..1, 2) + &numbered(1..10, 1) + &numbered(40..41, 1);
    let report = shop.persist(guarded(2), &text).await;
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("held", Some("mass_removal")));
    assert_eq!((counts(&report), report.num_handoffs), ([11, 1, 1, 9, 0, 0, 0, 0], 2));
    assert_eq!(report.num_withheld, 30);
    assert_eq!(shop.row(TOTALS).await, "41 0 42 30", "only the removals are withheld");
    (shop, report.run_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn releasing_applies_the_withheld_changes() {
    let (shop, run_id) = held().await;
    let run = persist::release(&shop.database, run_id, &crate::operator()).await.unwrap();
    assert_eq!((run.status.as_str(), run.reason_code.as_deref()), ("complete", Some("released")));
    let c = run.counts;
    assert_eq!((c.num_seen, c.num_added, c.num_updated, c.num_unchanged, c.num_removed), (11, 1, 1, 9, 30));
    assert_eq!(shop.row(TOTALS).await, "11 30 42 0");
    assert_eq!(shop.at("K20", day(2)).await, None, "changes take effect at the observation time");
    assert!(shop.at("K20", day(2) - jiff::Span::new().seconds(1)).await.is_some());
    assert_eq!(
        shop.row("select count(*) from forebay.ingestion_handoffs where change <> 'added'").await,
        "31"
    );
    let again = persist::release(&shop.database, run_id, &crate::operator()).await.unwrap_err();
    assert_eq!(again.code(), "run_not_held");
    assert_eq!(
        persist::reject(&shop.database, run_id + 9, &crate::operator()).await.unwrap_err().code(),
        "no_such_run"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_decide_nothing_afresh_leave_it_to_the_operator() {
    let (shop, run_id) = held().await;
    let newer = "{\"id\":\"K0\",\"n\":3}\n{\"id\":\"K20\",\"n\":3}\n{\"id\":\"K40\",\"n\":3}\n";
    assert_eq!(counts(&shop.persist(incremental(3), newer).await), [3, 0, 3, 0, 0, 0, 0, 0]);
    let cut = shop.persist(guarded(4), &(numbered(30..31, 4) + "{\"id\":\"K")).await;
    assert_eq!((cut.status.as_str(), cut.counts.num_updated), ("partial", 1));
    let run = persist::release(&shop.database, run_id, &crate::operator()).await.unwrap();
    assert_eq!((run.status.as_str(), run.counts.num_removed), ("complete", 28));
    let written = "select record_key, payload ->> 'n' from forebay.\"references\"
        where removed_at is null and observed_at > '2026-01-02 12:00+00' order by record_key";
    assert_eq!(shop.rows(written).await, ["K0 3", "K20 3", "K30 4", "K40 3"], "what later runs wrote stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_run_saw_unchanged_is_not_removed() {
    let (shop, run_id) = held().await;
    assert_eq!(counts(&shop.persist(incremental(3), &numbered(20..23, 1)).await), [3, 0, 0, 3, 0, 0, 0, 0]);
    let num_withheld = format!("select num_withheld from forebay.scrape_runs where run_id = {run_id}");
    assert_eq!(shop.row(&num_withheld).await, "27");
    let run = persist::release(&shop.database, run_id, &crate::operator()).await.unwrap();
    assert_eq!(run.counts.num_removed, 27);
    assert!(shop.keys_at(day(4)).await.contains(&"K20".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_run_whose_references_were_all_seen_again_is_closed() {
    let (shop, run_id) = held().await;
    shop.persist(incremental(3), &numbered(0..40, 1)).await;
    let status = format!("select status, reason_code from forebay.scrape_runs where run_id = {run_id}");
    assert_eq!(shop.row(&status).await, "aborted superseded");
    assert_eq!(shop.row(TOTALS).await, "41 0 43 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_input_stays_incomplete_when_it_is_held_and_released() {
    let shop = Shop::open().await;
    let record = |key: usize| format!("{{\"id\":\"K{key}\",\"note\":\"Note {key}\"}}");
    shop.persist(guarded(1), &lines((0..40).map(record))).await;
    let bare = lines((0..30).map(|key| format!("{{\"id\":\"K{key}\"}}"))) + "{\"id\":\"K";
    let report = shop.persist(guarded(5), &bare).await;
    assert_eq!((report.reason_code.as_deref(), report.num_withheld), (Some("coverage_drop"), 30));
    assert!(report.messages[0].contains("ends"), "the input's problem comes first: {:?}", report.messages);
    assert!(report.messages.len() > 1, "{:?}", report.messages);
    let row = format!(
        "select status, is_complete, starts_with(message, '{}') from forebay.scrape_runs where run_id = {}",
        report.messages[0].replace('\'', "''"),
        report.run_id
    );
    assert_eq!(shop.row(&row).await, "held f t");
    // It's not the scope's newest complete view: older observations are still accepted.
    shop.persist(incremental(3), &numbered(50..51, 1)).await;
    let run = persist::release(&shop.database, report.run_id, &crate::operator()).await.unwrap();
    assert_eq!((run.status.as_str(), run.reason_code.as_deref()), ("partial", Some("released")));
    assert_eq!((run.counts.num_updated, run.counts.num_removed), (30, 0));
    assert_eq!(shop.row(&row).await, "partial f t", "why it is partial stays");
    shop.persist(incremental(4), &numbered(51..52, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejecting_drops_the_withheld_changes() {
    let (shop, run_id) = held().await;
    let run = persist::reject(&shop.database, run_id, &crate::operator()).await.unwrap();
    assert_eq!((run.status.as_str(), run.reason_code.as_deref()), ("aborted", Some("rejected")));
    assert_eq!(shop.row(TOTALS).await, "41 0 42 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_applied_run_supersedes_it() {
    let (shop, run_id) = held().await;
    shop.persist(incremental(3), &numbered(0..5, 1)).await;
    let status = format!("select status, reason_code from forebay.scrape_runs where run_id = {run_id}");
    assert_eq!(shop.row(&status).await, "held mass_removal");
    shop.persist(guarded(3), &numbered(0..39, 1)).await;
    assert_eq!(shop.row(&status).await, "aborted superseded");
    assert_eq!(shop.row(TOTALS).await, "39 2 43 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_later_complete_one_closed_cannot_be_decided_about() {
    let (shop, run_id) = held().await;
    // The later one is held, too.
    let later = shop.persist(guarded(3), &numbered(0..10, 1)).await;
    assert_eq!((later.status.as_str(), later.reason_code.as_deref()), ("held", Some("mass_removal")));
    let status = format!("select status, reason_code from forebay.scrape_runs where run_id = {run_id}");
    assert_eq!(shop.row(&status).await, "aborted superseded");
    let before = shop.row(TOTALS).await;
    for refused in [
        persist::release(&shop.database, run_id, &crate::operator()).await.map(drop),
        persist::reject(&shop.database, run_id, &crate::operator()).await.map(drop),
        persist::rekey(&shop.database, run_id, &crate::operator()).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), "run_not_held");
    }
    assert_eq!(shop.row(TOTALS).await, before);
    assert_eq!(
        persist::release(&shop.database, later.run_id, &crate::operator()).await.unwrap().status.as_str(),
        "complete"
    );
}

/// Ten courses with a key prefix, the first with a room.
fn courses(prefix: &str, room: u32) -> String {
    let course = |n: u32| {
        let room = if n == 0 { room } else { n };
        format!("{{\"id\":\"{prefix}{n}\",\"title\":\"Introduction to subject {n}\",\"room\":{room}}}\n")
    };
    (0..10).map(course).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rekey_keeps_ids_and_history() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &courses("CSC-", 0)).await;
    let ids = "select array_agg(reference_id order by reference_id) from forebay.\"references\"";
    let before = shop.row(ids).await;

    let moved =
        shop.persist(guarded(2), &(courses("csc/", 0) + "{\"id\":\"new\",\"title\":\"New\"}\n")).await;
    assert_eq!((moved.status.as_str(), moved.reason_code.as_deref()), ("held", Some("rekey_suspected")));
    let rekeyed = persist::rekey(&shop.database, moved.run_id, &crate::operator()).await.unwrap();
    assert_eq!(rekeyed.num_rekeyed, 10);
    let c = rekeyed.run.counts;
    assert_eq!((c.num_added, c.num_updated, c.num_removed), (1, 10, 0));
    assert_eq!(shop.row(TOTALS).await, "11 0 21 0");
    let kept = format!("{ids} where record_key <> 'new'");
    assert_eq!(shop.row(&kept).await, before);
    let previous = format!(
        "select record_key, version, lineage -> 'previous_keys' from forebay.\"references\" where reference_id = '{}'",
        id("CSC-3")
    );
    assert_eq!(shop.row(&previous).await, r#"csc/3 2 ["CSC-3"]"#);
    assert_eq!(
        shop.at("CSC-3", day(1)).await.unwrap(),
        r#"{"id":"CSC-3","room":3,"title":"Introduction to subject 3"}"#
    );

    // From now on the source has the new keys, in straight runs and in staged ones.
    let new = "{\"id\":\"new\",\"title\":\"New\"}\n";
    let text = courses("csc/", 0) + new;
    for request in [complete(3), guarded(4), incremental(5)] {
        assert_eq!(counts(&shop.persist(request, &text).await), [11, 0, 0, 11, 0, 0, 0, 0]);
    }
    let changed = courses("csc/", 99) + new;
    assert_eq!(counts(&shop.persist(guarded(6), &changed).await), [11, 0, 1, 10, 0, 0, 0, 0]);
    let of_first = format!(
        "select version, lineage -> 'previous_keys' from forebay.\"references\" where reference_id = '{}'",
        id("CSC-0")
    );
    assert_eq!(shop.row(&of_first).await, r#"3 ["CSC-0"]"#, "a later version keeps its lineage");

    // Removed and restored, and moved once more: everything keeps its first id.
    shop.persist(complete(7), new).await;
    assert_eq!(counts(&shop.persist(complete(8), &changed).await), [11, 0, 0, 1, 0, 10, 0, 0]);
    let again = shop.persist(guarded(9), &(courses("x/", 99) + new)).await;
    assert_eq!(again.reason_code.as_deref(), Some("rekey_suspected"));
    assert_eq!(
        persist::rekey(&shop.database, again.run_id, &crate::operator()).await.unwrap().num_rekeyed,
        10
    );
    assert_eq!(shop.row(&previous).await, r#"x/3 3 ["CSC-3", "csc/3"]"#);
    assert_eq!(
        counts(&shop.persist(complete(10), &(courses("x/", 99) + new)).await),
        [11, 0, 0, 11, 0, 0, 0, 0]
    );
    assert_eq!(shop.row(&kept).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_changes_are_not_accepted_as_a_rekey() {
    let (shop, run_id) = held().await;
    assert_eq!(
        persist::rekey(&shop.database, run_id, &crate::operator()).await.unwrap_err().code(),
        "not_a_rekey"
    );
    assert_eq!(shop.row(TOTALS).await, "41 0 42 30", "the run is still held");
    persist::reject(&shop.database, run_id, &crate::operator()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_source_leaves_the_run_held() {
    let (shop, run_id) = held().await;
    let input = Input { name: "shop.csv".into(), feed: Feed::Unchanged { stats: None } };
    let report = persist::persist(&shop.database, guarded(3), input, &|_| {}).await.unwrap();
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("complete", Some("not_modified")));
    let run = persist::release(&shop.database, run_id, &crate::operator()).await.unwrap();
    assert_eq!(run.status.as_str(), "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn releasing_respects_sequence_numbers() {
    let shop = Shop::open().await;
    let sequenced = |request| PersistRequest { sequence_field: Some(Some("n".into())), ..request };
    shop.persist(sequenced(complete(1)), &numbered(0..40, 5)).await;
    let text = numbered(0..1, 4) + &numbered(1..2, 6) + &numbered(2..10, 5);
    let held = shop.persist(sequenced(guarded(2)), &text).await;
    assert_eq!(held.status.as_str(), "held");
    let run = persist::release(&shop.database, held.run_id, &crate::operator()).await.unwrap();
    assert_eq!((run.counts.num_updated, run.counts.num_removed, run.counts.num_rejected), (1, 30, 1));
    let rejected = format!("select reason_code from forebay.rejected_records where run_id = {}", held.run_id);
    assert_eq!(shop.row(&rejected).await, "older_than_stored");
    let numbers = "select payload ->> 'n' from forebay.\"references\" where record_key in ('K0', 'K1') order by record_key";
    assert_eq!(shop.rows(numbers).await, ["5", "6"]);
}
