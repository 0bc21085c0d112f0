//! Decisions about runs: what a held run withholds field by field, and undoing an applied run.

use forebay_domain::handoff::Change;
use forebay_engine::persist::{self, HeldDecision, PersistRequest};

use super::{Shop, complete, counts, day, guarded, incremental, lines, numbered};

const STATE: &str = "select record_key, payload ->> 'n', removed_at is null from forebay.\"references\" \
                     order by length(record_key), record_key";

/// Thirty records with a note, then a run in which most lost their note and eight records are gone.
async fn held() -> (Shop, i64) {
    let shop = Shop::open().await;
    let record = |key: usize| format!("{{\"id\":\"K{key}\",\"n\":1,\"note\":\"Note {key}\"}}");
    shop.persist(guarded(1), &lines((0..30).map(record))).await;
    let bare = lines((0..22).map(|key| format!("{{\"id\":\"K{key}\",\"n\":2}}")));
    let report = shop.persist(guarded(2), &bare).await;
    assert_eq!((report.status.as_str(), report.num_withheld), ("held", 30), "{report:?}");
    (shop, report.run_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_shows_each_withheld_change_once() {
    let (shop, run_id) = held().await;
    let first = persist::diff(&shop.database, run_id, None, 12).await.unwrap();
    assert_eq!((first.totals.num_removed, first.totals.num_updated, first.num_active), (8, 22, 30));
    let fields: Vec<_> = first
        .fields
        .iter()
        .map(|field| (field.field_name.as_str(), field.num_changed, field.num_lost))
        .collect();
    assert_eq!(fields, [("n", 22, 0), ("note", 22, 22)]);
    let mut all = first.changes;
    loop {
        let last = &all.last().unwrap().difference;
        let after = Some((last.change == Change::Removed, last.reference_id));
        let more = persist::diff(&shop.database, run_id, after, 12).await.unwrap().changes;
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    assert_eq!(all.len(), 30);
    assert!(all[..8].iter().all(|one| one.difference.change == Change::Removed), "removals come first");
    let mut keys: Vec<&str> = all.iter().map(|one| one.difference.record_key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 30);
    let update = all.iter().find(|one| one.difference.record_key == "K3").unwrap();
    let changed: Vec<_> = update
        .fields
        .iter()
        .map(|field| (field.field.as_str(), field.old.as_deref(), field.new.as_deref()))
        .collect();
    assert_eq!(changed, [("n", Some("1"), Some("2")), ("note", Some("\"Note 3\""), None)]);
    let preview = persist::preview(&shop.database, run_id, HeldDecision::Release).await.unwrap();
    assert_eq!((preview.totals, preview.num_active), (first.totals, 30));
    assert_eq!(
        shop.row("select count(*) from forebay.scrape_run_changes").await,
        "30",
        "a preview changes nothing"
    );
    persist::release(&shop.database, run_id, &crate::operator()).await.unwrap();
    let error = persist::diff(&shop.database, run_id, None, 12).await.unwrap_err();
    assert_eq!(error.code(), "run_not_held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_run_is_undone_as_a_new_run() {
    let (shop, run_id) = held().await;
    let error = persist::revert(&shop.database, run_id, &crate::operator()).await.unwrap_err();
    assert_eq!(error.code(), "run_not_applied");
    let before = shop.rows(STATE).await;
    persist::release(&shop.database, run_id, &crate::operator()).await.unwrap();
    let revisions = "select count(*) from forebay.reference_revisions";
    assert_eq!(shop.row(revisions).await, "52");
    assert_eq!(shop.at("K3", day(2)).await.as_deref(), Some("{\"id\":\"K3\",\"n\":2}"));

    let (_, totals, num_active) = persist::preview_revert(&shop.database, run_id).await.unwrap();
    assert_eq!((totals.num_updated, totals.num_restored, totals.num_removed), (22, 8, 0));
    assert_eq!((totals.num_kept, num_active), (0, 22));
    let jobs = "select count(*) from forebay.handoffs";
    let num_jobs: u64 = shop.row(jobs).await.parse().unwrap();
    let reverted = persist::revert(&shop.database, run_id, &crate::operator()).await.unwrap();
    let run = &reverted.run;
    assert_eq!((run.status.as_str(), run.reason_code.as_deref()), ("complete", Some("reverts")));
    assert_eq!((run.counts.num_updated, run.counts.num_restored, run.counts.num_removed), (22, 8, 0));
    assert_eq!(run.num_handoffs, 30);
    assert!(shop.row(jobs).await.parse::<u64>().unwrap() >= num_jobs);
    assert_eq!(shop.rows(STATE).await, before);
    // History is added: what was true in between stays true.
    assert_eq!(shop.row(revisions).await, "104");
    assert_eq!(shop.at("K3", day(2)).await.as_deref(), Some("{\"id\":\"K3\",\"n\":2}"));
    assert_eq!(shop.at("K25", day(2)).await, None);
    let original = "select count(*) from forebay.\"references\" where version = 3 and payload ? 'note'";
    assert_eq!(shop.row(original).await, "22");

    let again = persist::revert(&shop.database, run_id, &crate::operator()).await.unwrap_err();
    assert_eq!(again.code(), "run_already_reverted");
    // The undoing run can be undone as well.
    let redone = persist::revert(&shop.database, run.run_id, &crate::operator()).await.unwrap();
    assert_eq!((redone.run.counts.num_updated, redone.run.counts.num_removed), (22, 8));
    assert_eq!(shop.at("K3", redone.run.observed_at).await.as_deref(), Some("{\"id\":\"K3\",\"n\":2}"));
}

/// A replay after the revert finds the records as they were: hashes are those of the rules.
#[tokio::test(flavor = "multi_thread")]
async fn additions_are_removed_and_newer_changes_stay() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..10, 1)).await;
    let text = numbered(0..4, 2) + &numbered(4..8, 1) + &numbered(10..13, 1);
    let run = shop.persist(complete(2), &text).await;
    assert_eq!(counts(&run), [11, 3, 4, 4, 2, 0, 0, 0]);
    shop.persist(incremental(3), &(numbered(0..1, 3) + &numbered(10..11, 3))).await;
    let reverted = persist::revert(&shop.database, run.run_id, &crate::operator()).await.unwrap();
    assert_eq!(reverted.num_kept, 2);
    let counts_of = reverted.run.counts;
    assert_eq!((counts_of.num_removed, counts_of.num_updated, counts_of.num_restored), (2, 3, 2));
    assert!(reverted.run.message.unwrap().contains("2 references"), "the message says what stays");
    let active = "select string_agg(record_key || '=' || (payload ->> 'n'), ' ' order by record_key) \
                  from forebay.\"references\" where removed_at is null";
    assert_eq!(shop.row(active).await, "K0=3 K1=1 K10=3 K2=1 K3=1 K4=1 K5=1 K6=1 K7=1 K8=1 K9=1");
    let mut replay = incremental(4);
    replay.observed_at = None;
    assert_eq!(counts(&shop.persist(replay, &numbered(1..10, 1)).await), [9, 0, 0, 9, 0, 0, 0, 0]);
}

/// A run that was observed in the future blocks all later ones, until it is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_from_the_future_can_be_undone() {
    let shop = Shop::open().await;
    let now = |number| {
        let mut request = complete(number);
        request.observed_at = None;
        request
    };
    shop.persist(complete(1), &numbered(0..5, 1)).await;
    let ahead = PersistRequest { allow_future: true, ..complete(20_000) };
    let future = shop.persist(ahead, &numbered(0..6, 2)).await;
    let error = shop.try_persist(now(2), &numbered(0..5, 3)).await.unwrap_err();
    assert_eq!(error.code(), "observed_out_of_order");
    persist::revert(&shop.database, future.run_id, &crate::operator()).await.unwrap();
    let report = shop.persist(now(2), &numbered(0..5, 3)).await;
    assert_eq!(counts(&report), [5, 0, 5, 0, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reverting_a_rekey_moves_the_keys_back() {
    let shop = Shop::open().await;
    let courses =
        |prefix: &str| lines((0..10).map(|n| format!("{{\"id\":\"{prefix}{n}\",\"title\":\"Title {n}\"}}")));
    shop.persist(complete(1), &courses("a")).await;
    let state = "select count(*), count(removed_at), min(record_key), min(payload ->> 'id'),
        sum(jsonb_array_length(lineage -> 'previous_keys')), (select count(*) from forebay.reference_aliases)
        from forebay.\"references\"";
    let ids = "select array_agg(reference_id order by reference_id) from forebay.\"references\"";
    let before = shop.row(ids).await;
    for prefix in ["b", "c"] {
        let held = shop.persist(guarded(2), &courses(prefix)).await;
        assert_eq!(
            persist::rekey(&shop.database, held.run_id, &crate::operator()).await.unwrap().num_rekeyed,
            10
        );
    }
    assert_eq!(shop.row(state).await, "10 0 c0 c0 20 20");
    let last: i64 = shop.row("select max(run_id) from forebay.scrape_runs").await.parse().unwrap();
    // A later run wrote one of them under its new key, where it stays.
    shop.persist(incremental(3), "{\"id\":\"c9\",\"title\":\"Changed\"}\n").await;

    let (_, totals, _) = persist::preview_revert(&shop.database, last).await.unwrap();
    assert_eq!((totals.num_rekeyed, totals.num_updated, totals.num_kept), (9, 9, 1));
    let reverted = persist::revert(&shop.database, last, &crate::operator()).await.unwrap();
    assert_eq!((reverted.run.num_rekeyed, reverted.num_kept), (9, 1));
    assert_eq!(shop.row(state).await, "10 0 b0 b0 11 11");
    assert_eq!(shop.row(&format!("{state} where record_key = 'b0'")).await, "1 0 b0 b0 1 11");
    assert_eq!(shop.row(ids).await, before);
    let again = persist::revert(&shop.database, reverted.run.run_id, &crate::operator()).await.unwrap_err();
    assert_eq!(again.code(), "keys_moved_back");

    // Under either key, the next runs find what is stored.
    let now = |mut request: forebay_engine::persist::PersistRequest| {
        request.observed_at = None;
        request
    };
    let mixed = courses("b")
        .replace("{\"id\":\"b9\",\"title\":\"Title 9\"}", "{\"id\":\"c9\",\"title\":\"Changed\"}");
    assert_eq!(counts(&shop.persist(now(complete(4)), &mixed).await), [10, 0, 0, 10, 0, 0, 0, 0]);
    let held = shop.persist(now(guarded(5)), &courses("c")).await;
    assert_eq!(held.reason_code.as_deref(), Some("rekey_suspected"));
    assert_eq!(persist::rekey(&shop.database, held.run_id, &crate::operator()).await.unwrap().num_rekeyed, 9);
    assert_eq!(shop.row(ids).await, before);
}
