//! Guards withhold only what is suspicious, decide afresh in each later run, and learn what is usual.

use forebay_domain::{
    guards::{Confirm, GuardPolicy, RemovalPolicy},
    rekey::RekeyPolicy,
};
use forebay_engine::persist::{self, PersistRequest};

use super::{Shop, complete, counts, day, guarded, id, incremental, lines, numbered};

/// Active references, tombstones, and staged changes.
const STATE: &str = "select count(*) filter (where removed_at is null), count(removed_at),
    (select count(*) from forebay.scrape_run_changes) from forebay.\"references\"";

fn with(guards: GuardPolicy, request: PersistRequest) -> PersistRequest {
    PersistRequest { guards: Some(guards), ..request }
}

/// Records with a title each and, from `with_room` on, a room.
fn courses(keys: impl Iterator<Item = (String, usize)>, with_room: usize) -> String {
    lines(keys.map(|(key, number)| {
        let room = if number >= with_room { format!(",\"room\":\"R{number}\"") } else { String::new() };
        format!("{{\"id\":\"{key}\",\"title\":\"Course {number}\"{room}}}")
    }))
}

fn plain(range: std::ops::Range<usize>) -> impl Iterator<Item = (String, usize)> {
    range.map(|number| (format!("K{number}"), number))
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_references_are_judged_together_until_they_return() {
    let shop = Shop::open().await;
    for number in 1..7 {
        shop.persist(guarded(number), &numbered(0..120, 1)).await;
    }
    let first = shop.persist(guarded(7), &numbered(0..91, 1)).await;
    assert_eq!((first.status.as_str(), first.num_withheld), ("held", 29));
    assert_eq!(
        first.messages[0],
        "the run would remove 29 of 120 references (24.2 %); the limit learnt from 6 runs is 10 %"
    );
    // Three others vanish, and are removed like on any other day; additions and updates flow.
    let text = numbered(3..91, 1) + &numbered(200..202, 1);
    let second = shop.persist(guarded(8), &text).await;
    assert_eq!((second.status.as_str(), second.num_withheld), ("held", 29));
    assert_eq!(counts(&second), [90, 2, 0, 88, 3, 0, 0, 0]);
    let message = &second.messages[0];
    let expected = "29 references missing in 2 runs in a row since 7 January 2026";
    assert!(message.starts_with(expected) && message.contains("removals = { confirm"), "{message}");
    let status =
        format!("select status, reason_code from forebay.scrape_runs where run_id = {}", first.run_id);
    assert_eq!(shop.row(&status).await, "aborted superseded");
    // A partial view decides nothing about them.
    shop.persist(incremental(9), &numbered(3..10, 1)).await;
    assert_eq!(shop.row(STATE).await, "119 3 29");
    let third = shop.persist(guarded(10), &(numbered(3..115, 1) + &numbered(200..202, 1))).await;
    assert_eq!((third.status.as_str(), third.counts.num_removed), ("complete", 5));
    assert_eq!(shop.row(STATE).await, "114 8 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_releases_what_was_confirmed() {
    let shop = Shop::open().await;
    let confirm = Some(Confirm { num_runs: 3, num_days: 4 });
    let guards = GuardPolicy { confirm, ..GuardPolicy::default() };
    for number in 1..7 {
        shop.persist(with(guards, guarded(number)), &numbered(0..100, 1)).await;
    }
    let mut statuses = Vec::new();
    for number in [7, 8, 9, 11] {
        let report = shop.persist(with(guards, guarded(number)), &numbered(0..60, 1)).await;
        statuses.push(format!("{} {}", report.status, report.counts.num_removed));
    }
    // Three runs on the third day, but four days only on the fourth run.
    assert_eq!(statuses, ["held 0", "held 0", "held 0", "complete 40"]);
    assert_eq!(shop.at("K80", day(11)).await, None);
    assert!(shop.at("K80", day(10)).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_can_keep_what_its_list_no_longer_shows() {
    let shop = Shop::open().await;
    let guards = GuardPolicy { removals: RemovalPolicy::Never, ..GuardPolicy::default() };
    for number in 0..4_usize {
        let text = numbered(number * 20..number * 20 + 30, 1);
        let report = shop.persist(with(guards, guarded(i64::try_from(number).unwrap() + 1)), &text).await;
        assert_eq!((report.status.as_str(), report.counts.num_removed), ("complete", 0));
    }
    assert_eq!(shop.row(STATE).await, "90 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_withholds_all_removals() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    let report = shop.persist(guarded(2), "").await;
    assert_eq!((report.reason_code.as_deref(), report.num_withheld), (Some("empty_run"), 3));
    assert_eq!(shop.row(STATE).await, "3 0 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_updates_that_lose_a_field_wait() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &courses(plain(0..40), 0)).await;
    // The page of courses with a room is broken; one that never had one changes, one vanishes, and one is new.
    let broken = courses(plain(0..30), 100)
        + "{\"id\":\"K30\",\"title\":\"Changed\",\"room\":\"R30\"}\n"
        + &courses(plain(31..39), 0)
        + "{\"id\":\"new\",\"title\":\"New\"}\n";
    let report = shop.persist(guarded(2), &broken).await;
    assert_eq!(report.reason_code.as_deref(), Some("coverage_drop"));
    // A run with broken records is not trusted about what is gone.
    assert_eq!((counts(&report), report.num_withheld), ([40, 1, 1, 8, 0, 0, 0, 0], 31));
    let of = |key: &str| {
        format!(
            "select payload ->> 'title', payload ->> 'room' from forebay.\"references\" where record_key = '{key}'"
        )
    };
    assert_eq!(shop.row(&of("K0")).await, "Course 0 R0");
    assert_eq!(shop.row(&of("K30")).await, "Changed R30");
    persist::release(&shop.database, report.run_id, &crate::operator()).await.unwrap();
    assert_eq!(shop.row(&of("K0")).await, "Course 0 -");
    assert_eq!(shop.row(STATE).await, "40 1 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspected_rekey_withholds_only_its_pairs() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &courses(plain(0..100), 0)).await;
    let renamed = |range: std::ops::Range<usize>| range.map(|number| (format!("x{number}"), number));
    let text = courses(renamed(0..4), 0) + &courses(plain(4..98), 0) + &courses(plain(200..210), 0);
    let report = shop.persist(guarded(2), &text).await;
    assert_eq!(report.reason_code.as_deref(), Some("rekey_suspected"));
    assert_eq!((counts(&report), report.num_withheld), ([108, 10, 0, 94, 2, 0, 0, 0], 4));
    assert_eq!(shop.row(STATE).await, "108 2 8");
    // Still withheld by the next run, and then accepted.
    let again = shop.persist(guarded(3), &text).await;
    assert_eq!((counts(&again), again.num_withheld), ([108, 0, 0, 104, 0, 0, 0, 0], 4));
    assert_eq!(
        persist::rekey(&shop.database, again.run_id, &crate::operator()).await.unwrap().num_rekeyed,
        4
    );
    assert_eq!(shop.row(STATE).await, "108 2 0");
    let moved = format!("select record_key from forebay.\"references\" where reference_id = '{}'", id("K3"));
    assert_eq!(shop.row(&moved).await, "x3");
}

#[tokio::test(flavor = "multi_thread")]
async fn certain_pairs_are_followed() {
    let shop = Shop::open().await;
    let guards = GuardPolicy { rekey: RekeyPolicy::Follow, ..GuardPolicy::default() };
    shop.persist(complete(1), &courses(plain(0..100), 0)).await;
    let text = courses(std::iter::once(("x7".to_owned(), 7)), 0)
        + &courses(plain(0..7), 0)
        + &courses(plain(8..100), 0);
    let report = shop.persist(with(guards, guarded(2)), &text).await;
    assert_eq!((report.status.as_str(), report.num_rekeyed), ("complete", 1));
    assert_eq!(counts(&report), [100, 0, 1, 99, 0, 0, 0, 0]);
    let moved = format!(
        "select record_key, version, lineage -> 'previous_keys' from forebay.\"references\" where reference_id = '{}'",
        id("K7")
    );
    assert_eq!(shop.row(&moved).await, r#"x7 2 ["K7"]"#);
    assert_eq!(counts(&shop.persist(with(guards, guarded(3)), &text).await), [100, 0, 0, 100, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_releases_twice_is_usual() {
    let shop = Shop::open().await;
    // Two thirds of the newest 30 are new each day.
    let mut statuses = Vec::new();
    for number in 0..6_usize {
        let text = numbered(number * 20..number * 20 + 30, 1);
        let report = shop.persist(guarded(i64::try_from(number).unwrap() + 1), &text).await;
        statuses.push(report.status.to_string());
        if report.status.as_str() == "held" {
            persist::release(&shop.database, report.run_id, &crate::operator()).await.unwrap();
        }
    }
    assert_eq!(statuses, ["complete", "held", "held", "complete", "complete", "complete"]);
    assert_eq!(shop.row(STATE).await, "30 100 0");
}

/// The end of an input whose writer died.
const CUT: &str = "{\"id\":\"K";

#[tokio::test(flavor = "multi_thread")]
async fn incomplete_inputs_teach_nothing() {
    let shop = Shop::open().await;
    for number in 1..4 {
        shop.persist(guarded(number), &courses(plain(0..100), 50)).await;
    }
    // Twice, the writer dies before the first room.
    for number in 4..6 {
        let cut = shop.persist(guarded(number), &(courses(plain(0..5), 50) + CUT)).await;
        assert_eq!(cut.reason_code.as_deref(), Some("truncated_input"));
    }
    let bare = shop.persist(guarded(6), &courses(plain(0..100), 100)).await;
    assert_eq!((bare.reason_code.as_deref(), bare.num_withheld), (Some("coverage_drop"), 50));
    let few = shop.persist(guarded(7), &courses(plain(0..60), 50)).await;
    let message = "the run would remove 40 of 100 references (40 %); the limit learnt from 3 runs is";
    assert!(few.messages.iter().any(|said| said.starts_with(message)), "{:?}", few.messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_complete_run_decides_afresh_although_nothing_is_removed() {
    let shop = Shop::open().await;
    let guards = GuardPolicy { removals: RemovalPolicy::Never, ..GuardPolicy::default() };
    shop.persist(with(guards, guarded(1)), &courses(plain(0..40), 0)).await;
    for number in 2..4 {
        shop.persist(with(guards, guarded(number)), &courses(plain(0..40), 40)).await;
    }
    let statuses = "select status, reason_code from forebay.scrape_runs order by run_id";
    assert_eq!(shop.rows(statuses).await, ["complete -", "aborted superseded", "held coverage_drop"]);
    assert_eq!(shop.row(STATE).await, "40 0 40");
    // An incomplete input decides nothing, so both wait for a complete run.
    shop.persist(with(guards, guarded(4)), &(courses(plain(0..30), 40) + CUT)).await;
    assert_eq!(shop.rows(statuses).await[2..], ["held coverage_drop", "held coverage_drop"]);
    shop.persist(with(guards, guarded(5)), &courses(plain(0..40), 0)).await;
    assert_eq!(
        shop.rows(statuses).await[1..],
        ["aborted superseded", "aborted superseded", "aborted superseded", "complete -"]
    );
    assert_eq!(shop.row(STATE).await, "40 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_runs_decide_afresh_about_the_references_that_they_saw() {
    let shop = Shop::open().await;
    shop.persist(guarded(1), &courses(plain(0..40), 0)).await;
    // Day after day, the input ends early and its records have lost their rooms.
    let mut last = 0;
    for number in 2..5 {
        let report = shop.persist(guarded(number), &(courses(plain(0..30), 40) + CUT)).await;
        assert_eq!((report.status.as_str(), report.num_withheld), ("held", 30));
        last = report.run_id;
    }
    let runs =
        "select status, reason_code, num_withheld from forebay.scrape_runs where run_id > 1 order by run_id";
    let closed = "aborted superseded 30";
    assert_eq!(shop.rows(runs).await, [closed, closed, "held coverage_drop 30"]);
    assert_eq!(shop.row(STATE).await, "40 0 30");
    // Some of them are read again, with their rooms.
    shop.persist(guarded(5), &(courses(plain(0..10), 0) + CUT)).await;
    shop.persist(incremental(6), &courses(plain(10..14), 0)).await;
    // An older view says nothing about them.
    shop.persist(incremental(3), &courses(plain(14..16), 0)).await;
    assert_eq!(shop.rows(runs).await[2], "held coverage_drop 16");
    let run = persist::release(&shop.database, last, &crate::operator()).await.unwrap();
    assert_eq!((run.status.as_str(), run.counts.num_updated), ("partial", 16));
}

#[tokio::test(flavor = "multi_thread")]
async fn references_of_one_day_are_confirmed_by_the_runs_that_missed_them() {
    let shop = Shop::open().await;
    let confirm = Some(Confirm { num_runs: 3, num_days: 1 });
    let guards = GuardPolicy { confirm, ..GuardPolicy::default() };
    shop.persist(with(guards, guarded(1)), &numbered(0..100, 1)).await;
    for num_left in [60, 35] {
        let report = shop.persist(with(guards, guarded(2)), &numbered(0..num_left, 1)).await;
        assert_eq!(report.status.as_str(), "held");
    }
    // Forty are missing in three runs, twenty-five in two, all since the same day.
    let report = shop.persist(with(guards, guarded(3)), &numbered(0..35, 1)).await;
    assert_eq!((report.status.as_str(), report.counts.num_removed, report.num_withheld), ("held", 40, 25));
    let kept = "select min(record_key), max(record_key), count(*) from forebay.\"references\" \
                where removed_at is null and record_key >= 'K35' and length(record_key) = 3";
    assert_eq!(shop.row(kept).await, "K35 K59 25");
}
