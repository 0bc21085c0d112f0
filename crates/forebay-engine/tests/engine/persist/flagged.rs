//! Records that say that they are gone: they remove their reference in any run, and a mass of them waits.

use forebay_domain::{
    guards::{GuardPolicy, RemovalPolicy},
    removal_flag::RemovedWhen,
    run::OnDuplicate,
};
use forebay_engine::{
    persist::{self, HeldDecision, PersistRequest},
    source::rename_field,
};
use forebay_sources::{Format, ReadOptions};

use super::{Shop, complete, counts, day, guarded, in_scope, incremental, lines, numbered, read_as};

fn flagged(request: PersistRequest) -> PersistRequest {
    PersistRequest { removed_when: Some("/deleted".parse().unwrap()), ..request }
}

fn gone(keys: std::ops::Range<usize>) -> String {
    lines(keys.map(|key| format!("{{\"id\":\"K{key}\",\"deleted\":true}}")))
}

/// All that a replay must not change.
const TABLES: &str = "select (select array_agg((r.*, r.xmin) order by reference_id) from forebay.\"references\" as r),
    (select count(*) from forebay.reference_revisions), (select array_agg((h.*, h.xmin)) from forebay.ingestion_handoffs as h),
    (select count(*) from forebay.scrape_run_changes)";

#[tokio::test(flavor = "multi_thread")]
async fn a_flagged_record_removes_its_reference_in_every_kind_of_run() {
    for kind in [incremental, complete, guarded] {
        let shop = Shop::open().await;
        shop.persist(flagged(complete(1)), &numbered(0..10, 1)).await;
        // One is removed, one never existed, one stays.
        let text =
            gone(3..4) + "{\"id\":\"never\",\"deleted\":1}\n" + &numbered(0..3, 1) + &numbered(4..10, 1);
        let report = shop.persist(flagged(kind(2)), &text).await;
        assert_eq!(counts(&report), [11, 0, 0, 10, 1, 0, 0, 0], "{report:?}");
        assert_eq!((report.status.as_str(), report.num_handoffs), ("complete", 1));
        assert_eq!(shop.at("K3", day(2)).await, None);
        assert!(shop.at("K3", day(1)).await.is_some());
        let revision = "select change, version, field_name from forebay.reference_revisions";
        assert_eq!(shop.row(revision).await, "removed 1 removed_at");
        let handoff = "select change from forebay.handoffs where change = 'removed'";
        assert_eq!(shop.row(handoff).await, "removed");
        // The flag is not content, and the reference keeps its last one.
        let payload = "select payload from forebay.\"references\" where removed_at is not null";
        assert_eq!(shop.row(payload).await, r#"{"n": 1, "id": "K3"}"#);
        let before = shop.row(TABLES).await;
        let again = shop.persist(flagged(kind(3)), &text).await;
        assert_eq!((counts(&again), again.num_handoffs), ([11, 0, 0, 11, 0, 0, 0, 0], 0));
        assert_eq!(shop.row(TABLES).await, before, "a replay writes nothing");
        // Without the flag it is back, with its history.
        let text = numbered(0..3, 1) + "{\"id\":\"K3\",\"n\":1,\"deleted\":null}\n" + &numbered(4..10, 1);
        let back = shop.persist(flagged(kind(4)), &text).await;
        assert_eq!(counts(&back), [10, 0, 0, 9, 0, 1, 0, 0], "{back:?}");
        assert_eq!(shop.at("K3", day(3)).await, None);
        assert!(shop.at("K3", day(4)).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_run_removes_what_its_records_say_and_nothing_else() {
    let shop = Shop::open().await;
    shop.persist(flagged(complete(1)), &numbered(0..10, 1)).await;
    let report = shop.persist(flagged(guarded(2)), &(gone(0..2) + &numbered(2..8, 1) + "{\"id\":")).await;
    assert_eq!(report.status.as_str(), "partial");
    assert_eq!(report.counts.num_removed, 2);
    assert_eq!(shop.keys_at(day(2)).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_of_flagged_records_waits_for_an_operator() {
    let shop = Shop::open().await;
    for number in 1..7 {
        shop.persist(flagged(guarded(number)), &numbered(0..40, 1)).await;
    }
    // Whatever the policy says about missing records: nothing is missing here.
    let never = GuardPolicy { removals: RemovalPolicy::Never, ..GuardPolicy::default() };
    let text = gone(0..20) + &numbered(20..41, 2);
    let request = PersistRequest { guards: Some(never), ..flagged(guarded(7)) };
    let report = shop.persist(request, &text).await;
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("held", Some("mass_removal")));
    assert_eq!(
        report.messages,
        [
            "20 of 40 references (50 %) are marked as removed in their records; the limit learnt from 6 runs is 10 %"
        ]
    );
    // Everything else is applied.
    assert_eq!((counts(&report), report.num_withheld), ([41, 1, 20, 0, 0, 0, 0, 0], 20));
    let diff = persist::diff(&shop.database, report.run_id, None, 100).await.unwrap();
    assert_eq!((diff.totals.num_removed, diff.changes.len()), (20, 20));
    assert!(diff.changes.iter().all(|change| change.difference.new_payload.is_none()));
    // The next run decides afresh.
    let again = shop.persist(flagged(guarded(8)), &text).await;
    assert_eq!((again.status.as_str(), again.num_withheld, again.counts.num_unchanged), ("held", 20, 21));
    let released = persist::release(&shop.database, again.run_id, &crate::operator()).await.unwrap();
    assert_eq!((released.status.as_str(), released.counts.num_removed), ("complete", 20));
    assert_eq!(shop.keys_at(day(8)).await.len(), 21);
    // Incremental runs have no guards.
    let report = shop.persist(flagged(incremental(9)), &gone(20..41)).await;
    assert_eq!(counts(&report), [21, 0, 0, 0, 21, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_duplicate_policy_decides_between_a_record_and_its_removal() {
    let a = "{\"id\":\"a\",\"x\":1,\"y\":1}\n";
    let (dead, b) = ("{\"id\":\"a\",\"deleted\":true}\n", "{\"id\":\"a\",\"z\":2}\n");
    for (policy, pieces, expected) in [
        (OnDuplicate::First, vec![a, dead], Some(r#"{"id":"a","x":1,"y":1}"#)),
        (OnDuplicate::First, vec![dead, a], None),
        (OnDuplicate::Last, vec![a, dead], None),
        (OnDuplicate::Last, vec![dead, a], Some(r#"{"id":"a","x":1,"y":1}"#)),
        (OnDuplicate::Last, vec![a, dead, b], Some(r#"{"id":"a","z":2}"#)),
        (OnDuplicate::Merge, vec![a, dead], None),
        // A removal ends what came before it.
        (OnDuplicate::Merge, vec![a, dead, b], Some(r#"{"id":"a","z":2}"#)),
        (OnDuplicate::Merge, vec![dead, a, b], Some(r#"{"id":"a","x":1,"y":1,"z":2}"#)),
        (OnDuplicate::Reject, vec![a, dead], Some(r#"{"id":"a","x":1,"y":1}"#)),
    ] {
        for stored in ["", "{\"id\":\"a\",\"old\":1}\n"] {
            // In one window, and in one for each record.
            for pieces in [vec![pieces.concat()], pieces.iter().map(|piece| (*piece).to_owned()).collect()] {
                let shop = Shop::open().await;
                shop.persist(complete(1), stored).await;
                let request =
                    PersistRequest { on_duplicate: Some(policy.clone()), ..flagged(incremental(2)) };
                let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
                shop.persist_in_pieces(request, &pieces).await;
                assert_eq!(
                    shop.at("a", day(2)).await.as_deref(),
                    expected,
                    "{policy:?} {stored:?} {pieces:?}"
                );
                assert_eq!(shop.row("select count(*) from forebay.scrape_run_changes").await, "0");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_removal_never_removes_a_newer_record() {
    let shop = Shop::open().await;
    shop.persist(flagged(incremental(5)), &numbered(0..2, 1)).await;
    let report = shop.persist(flagged(incremental(3)), &gone(0..1)).await;
    assert_eq!(counts(&report), [1, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(shop.row("select reason_code from forebay.rejected_records").await, "older_than_stored");
    // The same for a sequence number.
    let shop = Shop::open().await;
    let sequence =
        |request| PersistRequest { sequence_field: Some(Some("seq".to_owned())), ..flagged(request) };
    shop.persist(sequence(incremental(1)), "{\"id\":1,\"seq\":7}\n").await;
    let report = shop.persist(sequence(incremental(2)), "{\"id\":1,\"seq\":6,\"deleted\":true}\n").await;
    assert_eq!((report.counts.num_removed, report.counts.num_rejected), (0, 1));
    let report = shop.persist(sequence(incremental(3)), "{\"id\":1,\"seq\":8,\"deleted\":true}\n").await;
    assert_eq!((report.counts.num_removed, report.counts.num_rejected), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn flagged_records_of_another_scope_meet_its_guard() {
    let shop = Shop::open().await;
    shop.persist(in_scope("term=1", flagged(guarded(1))), &numbered(0..40, 1)).await;
    let report = shop.persist(in_scope("term=2", flagged(guarded(2))), &gone(0..40)).await;
    assert_eq!((report.reason_code.as_deref(), report.num_withheld), (Some("scope_conflict"), 40));
    assert_eq!(shop.keys_at(day(2)).await.len(), 40);
    let preview = persist::preview(&shop.database, report.run_id, HeldDecision::Release).await.unwrap();
    assert_eq!((preview.totals.num_removed, preview.num_active), (40, 40), "of the scope that has them");
    // A key is the same record in every scope, so a run without guards removes it.
    let report = shop.persist(in_scope("term=2", flagged(incremental(3))), &gone(0..1)).await;
    assert_eq!(report.counts.num_removed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn flagged_records_dont_count_in_coverage() {
    let shop = Shop::open().await;
    shop.persist(flagged(guarded(1)), &numbered(0..40, 1)).await;
    let report = shop.persist(flagged(guarded(2)), &(gone(0..4) + &numbered(4..40, 1))).await;
    assert_eq!((report.status.as_str(), report.counts.num_removed), ("complete", 4));
    let share: Vec<(&str, f64)> =
        report.field_coverage.iter().map(|(name, share)| (name.as_str(), *share)).collect();
    assert_eq!(share, [("id", 1.0), ("n", 1.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_marks_removed_records_with_a_time() {
    let shop = Shop::open().await;
    let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
    let tap = async |number: i64, records: &[&str]| {
        let text = lines(
            records
                .iter()
                .map(|record| format!("{{\"type\":\"RECORD\",\"stream\":\"items\",\"record\":{record}}}")),
        );
        let input = read_as(Box::new(std::io::Cursor::new(text)), options.clone());
        let request = PersistRequest { on_duplicate: Some(OnDuplicate::Last), ..incremental(number) };
        persist::persist(&shop.database, request, input, &|_| {}).await.unwrap()
    };
    let alive = r#"{"id":1,"n":1,"_sdc_deleted_at":null}"#;
    let dead = r#"{"id":1,"_sdc_deleted_at":"2026-01-02T00:00:00Z"}"#;
    // The last record of a key wins, in one input and over several.
    assert_eq!(counts(&tap(1, &[alive, dead]).await), [2, 0, 0, 1, 0, 0, 1, 0]);
    assert_eq!(counts(&tap(2, &[dead, alive]).await), [2, 1, 0, 0, 0, 0, 1, 0]);
    assert_eq!(counts(&tap(3, &[dead]).await), [1, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(counts(&tap(4, &[dead]).await), [1, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(counts(&tap(5, &[alive]).await), [1, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(shop.row("select version from forebay.\"references\"").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mark_of_taps_can_be_turned_off() {
    let shop = Shop::open().await;
    let record = r#"{"id":1,"_sdc_deleted_at":"2026-01-02T00:00:00Z"}"#;
    let tap = async |number: i64, removed_when: Option<RemovedWhen>| {
        let text =
            lines([format!("{{\"type\":\"RECORD\",\"stream\":\"items\",\"record\":{record}}}")].into_iter());
        let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
        let input = read_as(Box::new(std::io::Cursor::new(text)), options);
        let request = PersistRequest { removed_when, ..incremental(number) };
        persist::persist(&shop.database, request, input, &|_| {}).await.unwrap()
    };
    assert_eq!(tap(1, Some(RemovedWhen::Never)).await.counts.num_added, 1);
    assert_eq!(tap(2, None).await.counts.num_unchanged, 1, "the setting is stored");
    assert_eq!(tap(3, Some(RemovedWhen::Usual)).await.counts.num_removed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_field_becomes_the_mark() {
    let shop = Shop::open().await;
    let flag = |flag: &str| PersistRequest { removed_when: Some(flag.parse().unwrap()), ..complete(1) };
    let error = shop.try_persist(flag("/id"), &numbered(0..1, 1)).await.unwrap_err();
    assert_eq!(error.code(), "setting_conflict", "a record always has a key");
    shop.persist(flag("gone"), &numbered(0..3, 1)).await;
    for dry_run in [true, false] {
        let error =
            rename_field(&shop.database, "shop", "n", "gone", dry_run, &crate::operator()).await.unwrap_err();
        assert_eq!((error.code(), error.hint().is_some()), ("field_marks_removed", true));
    }
    rename_field(&shop.database, "shop", "gone", "dead", false, &crate::operator()).await.unwrap();
    rename_field(&shop.database, "shop", "n", "gone", false, &crate::operator()).await.unwrap();
    let report = shop.persist(incremental(2), "{\"id\":\"K0\",\"gone\":1}\n").await;
    assert_eq!((report.counts.num_unchanged, report.counts.num_removed), (1, 0));
}
