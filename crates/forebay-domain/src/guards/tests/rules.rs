//! Each guard at its limit, and what holds for any history, run and policy.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::*;
use crate::{
    coverage::Coverage,
    rekey::{KeyChange, Pair, Rekey, RekeyPolicy},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A run over 100 active references without changes.
fn quiet(coverage: &Coverage) -> Evidence<'_> {
    Evidence {
        taken: None,
        observed_at: NOW,
        num_active_before: 100,
        num_seen: 100,
        num_updated: 0,
        missing: &[],
        num_flagged: 0,
        losses: &[],
        coverage,
        rekey: None,
    }
}

fn missing(num_references: u64, num_runs: u64, num_days: i64) -> Missing {
    Missing { since: NOW - SignedDuration::from_hours(24 * num_days), num_runs, num_references }
}

/// All `num_records` records have an id; `num_filled` of them have a title.
fn titles(num_filled: u64, num_records: u64) -> Coverage {
    let mut coverage = Coverage::default();
    coverage.add_counted(num_records, [("id", num_records), ("title", num_filled)]);
    coverage
}

/// A run that removed `num_removed` of 100 references; `num_titles` of its 100 records had a title.
fn past(num_removed: u64, num_titles: u64) -> PastRun {
    PastRun {
        num_active_before: 100,
        num_seen: 100,
        num_removed,
        num_records: 100,
        fields: [("id".to_owned(), 100), ("title".to_owned(), num_titles)].into(),
        ..PastRun::default()
    }
}

fn learn(history: &[PastRun]) -> Baseline {
    Baseline::learn(&GuardPolicy::default(), history)
}

fn reasons(decision: &Decision) -> Vec<HoldReason> {
    decision.held.iter().map(|held| held.reason).collect()
}

fn decide_by_default(history: &[PastRun], evidence: &Evidence<'_>) -> Decision {
    decide(&GuardPolicy::default(), &learn(history), evidence)
}

#[test]
fn removals_are_held_beyond_the_share_and_the_number() {
    let coverage = Coverage::default();
    let [young, known] = [vec![], vec![past(0, 100); 5]];
    // (runs, active before, removed, held)
    let cases = [
        (&young, 100, 20, false),
        (&young, 100, 21, true),
        (&known, 100, 10, false),
        (&known, 100, 11, true),
        (&known, 8, 5, false),
        (&known, 8, 6, true),
    ];
    for (history, num_active_before, num_removed, is_held) in cases {
        let groups = [missing(num_removed, 1, 0)];
        let evidence = Evidence { num_active_before, missing: &groups, ..quiet(&coverage) };
        let decision = decide_by_default(history, &evidence);
        assert_eq!(decision.is_held(), is_held, "{num_removed} of {num_active_before}");
        assert_eq!(decision.withheld.num_withheld(), if is_held { num_removed } else { 0 });
    }
    let fixed = GuardPolicy { max_removed_share: Some(0.5), ..GuardPolicy::default() };
    let groups = [missing(50, 1, 0)];
    let evidence = Evidence { missing: &groups, ..quiet(&coverage) };
    assert!(!decide(&fixed, &learn(&known), &evidence).is_held());
}

#[test]
fn what_happened_twice_is_usual() {
    let quiet = vec![past(0, 100); 20];
    let with = |mut more: Vec<PastRun>| {
        more.extend(quiet.clone());
        format!("{:.0} %", learn(&more).removal_limit() * 100.0)
    };
    assert_eq!(with(vec![]), "10 %");
    assert_eq!(with(vec![past(40, 100)]), "10 %");
    assert_eq!(with(vec![past(40, 100), past(21, 100)]), "60 %");
    // A bad day that was released: the next run brought back most of what it removed.
    let undone = [PastRun { num_restored: 30, ..past(21, 100) }, past(40, 100)];
    assert_eq!(with([undone.to_vec(), vec![past(40, 100)]].concat()), "10 %");
}

#[test]
fn an_empty_run_is_held_until_it_is_usual() {
    let coverage = Coverage::default();
    let groups = [missing(1, 1, 0)];
    let evidence = Evidence { num_active_before: 1, num_seen: 0, missing: &groups, ..quiet(&coverage) };
    let mut history = vec![past(0, 100); 5];
    assert_eq!(reasons(&decide_by_default(&history, &evidence)), [HoldReason::EmptyRun]);
    history.extend(vec![PastRun { num_seen: 0, ..past(1, 100) }; 2]);
    assert!(!decide_by_default(&history, &evidence).is_held());
    let policy = GuardPolicy { hold_empty: false, ..GuardPolicy::default() };
    assert!(!decide(&policy, &Baseline::default(), &evidence).is_held());
}

#[test]
fn far_fewer_keys_than_usual_withhold_removals() {
    let coverage = Coverage::default();
    // Half of the list changes each day, so any share may vanish, but it always has 100 keys.
    let history = vec![past(50, 100); 10];
    // (seen, missing, held)
    for (num_seen, num_missing, is_held) in [(80, 60, false), (79, 60, true), (79, 0, false), (201, 60, true)]
    {
        let groups = [missing(num_missing, 1, 0)];
        let groups = if num_missing == 0 { &groups[..0] } else { &groups };
        let decision =
            decide_by_default(&history, &Evidence { num_seen, missing: groups, ..quiet(&coverage) });
        assert_eq!(decision.is_held(), is_held, "{num_seen} {num_missing}");
        // Without removals it is only worth a note.
        assert_eq!(decision.notes.len(), usize::from(num_missing == 0));
    }
}

#[test]
fn a_field_is_compared_with_its_usual_minimum() {
    let usual = |share| vec![past(0, share); 10];
    // (titles, records, usual share, held)
    let cases = [
        (50, 100, 100, false),
        (49, 100, 100, true),
        (0, 100, 10, true),
        (0, 100, 9, false),
        // Few records may lack a field by chance, but not one that every record has.
        (0, 3, 50, false),
        (0, 1, 100, true),
    ];
    for (num_titles, num_records, share, is_held) in cases {
        let coverage = titles(num_titles, num_records);
        let groups = [missing(1, 1, 0)];
        let evidence = Evidence { num_seen: num_records, missing: &groups, ..quiet(&coverage) };
        let policy = GuardPolicy { max_removed_share: Some(1.0), ..GuardPolicy::default() };
        let decision = decide(&policy, &learn(&usual(share)), &evidence);
        let found = reasons(&decision).contains(&HoldReason::CoverageDrop);
        assert_eq!(found, is_held, "{num_titles} of {num_records}, usually {share} %");
    }
    // A field that is sometimes missing in most records is no drop, and neither is a new field.
    let coverage = titles(30, 100);
    let varied: Vec<PastRun> = (0..20).map(|number| past(0, 50 + number % 5 * 10 - 20)).collect();
    assert!(decide_by_default(&varied, &quiet(&coverage)).notes.is_empty());
    let mut fresh = usual(0);
    for run in &mut fresh {
        run.fields.remove("title");
    }
    assert!(decide_by_default(&fresh, &quiet(&coverage)).notes.is_empty());
}

#[test]
fn only_updates_that_lose_the_field_are_withheld() {
    let coverage = titles(0, 100);
    let loss = |fields: &[&str], num_updates| Loss {
        fields: fields.iter().map(ToString::to_string).collect(),
        num_updates,
    };
    let losses =
        [loss(&["title"], 60), loss(&["subtitle", "title"], 20), loss(&["subtitle"], 5), loss(&[], 7)];
    let evidence = Evidence { num_updated: 92, losses: &losses, ..quiet(&coverage) };
    let Decision { held, withheld, .. } = decide_by_default(&[past(0, 99), past(0, 98)], &evidence);
    assert_eq!(withheld.updates, WithheldUpdates::Losing(vec!["title".to_owned()]));
    assert_eq!(withheld.num_withheld(), 80);
    assert_eq!(
        held[0].message,
        "fields lost their values, compared with their usual minimum in 2 runs: title from 98 % to 0 %"
    );
}

#[test]
fn a_renamed_field_is_no_drop() {
    let mut renamed = Coverage::default();
    renamed.add_counted(100, [("id", 100), ("headline", 90)]);
    let history = vec![past(0, 100); 5];
    assert_eq!(decide_by_default(&history, &quiet(&renamed)), Decision::default());
    // One new field excuses one lost field, not two.
    let mut two = history;
    for run in &mut two {
        run.fields.insert("summary".to_owned(), 100);
    }
    assert_eq!(decide_by_default(&two, &quiet(&renamed)).notes.len(), 1);
}

#[test]
fn many_lost_fields_are_named_in_part() {
    let mut coverage = Coverage::default();
    coverage.add_counted(100, []);
    let fields: BTreeMap<String, u64> = (0..11).map(|number| (format!("f{number:02}"), 100)).collect();
    let note = decide_by_default(&[PastRun { fields, ..past(0, 0) }], &quiet(&coverage)).notes;
    assert!(note[0].ends_with("f07 from 100 % to 0 % and 3 more"), "{note:?}");
}

#[test]
fn changes_are_held_only_with_a_limit_below_one() {
    let coverage = Coverage::default();
    let evidence = Evidence { num_updated: 31, ..quiet(&coverage) };
    assert!(!decide_by_default(&[], &evidence).is_held());
    let policy = GuardPolicy { max_changed_share: 0.3, ..GuardPolicy::default() };
    let decision = decide(&policy, &Baseline::default(), &evidence);
    assert_eq!(reasons(&decision), [HoldReason::MassChange]);
    assert_eq!((decision.withheld.updates, decision.withheld.num_updates), (WithheldUpdates::All, 31));
    assert!(!decide(&policy, &Baseline::default(), &Evidence { num_updated: 30, ..evidence }).is_held());
}

fn rekey() -> Rekey {
    let pair = |number, is_certain| Pair { vanished: number, appeared: number, is_certain };
    Rekey {
        pairs: vec![pair(0, true), pair(1, true), pair(2, false)],
        num_same_content: 2,
        num_vanished: 4,
        num_appeared: 5,
        key_change: Some(KeyChange::Prefix { old: "bk:".into(), new: String::new() }),
    }
}

#[test]
fn pairs_are_held_followed_or_split() {
    let (coverage, rekey) = (Coverage::default(), rekey());
    let evidence = Evidence { rekey: Some(&rekey), ..quiet(&coverage) };
    let Decision { held, withheld, .. } = decide_by_default(&[], &evidence);
    assert_eq!(withheld.num_withheld(), 3);
    assert_eq!(
        held[0].message,
        "3 of 4 vanished keys reappear as other keys, 2 of them with the same content (prefix \"bk:\" stripped); \
         rekey keeps their references and history"
    );
    let follow = GuardPolicy { rekey: RekeyPolicy::Follow, ..GuardPolicy::default() };
    let decision = decide(&follow, &Baseline::default(), &evidence);
    assert_eq!((decision.moved.len(), decision.withheld.pairs.len()), (2, 1));
    // Operators released one pair twice, so three are not many.
    let released = vec![PastRun { num_split: 1, ..past(1, 100) }; 2];
    let decision = decide_by_default(&released, &evidence);
    assert_eq!((decision.is_held(), decision.split.len()), (false, 3));
}

#[test]
fn follow_is_suggested_after_two_rekeys() {
    let rekeyed = PastRun { num_rekeyed: 3, ..past(0, 100) };
    let history = [rekeyed.clone(), past(0, 100), rekeyed];
    assert_eq!(suggest(&GuardPolicy::default(), &history), [Suggestion::FollowRekeys]);
    assert_eq!(suggest(&GuardPolicy::default(), &history[1..]), []);
    let follow = GuardPolicy { rekey: RekeyPolicy::Follow, ..GuardPolicy::default() };
    assert_eq!(suggest(&follow, &history), []);
}

#[test]
fn removals_are_confirmed_by_runs_and_days() {
    let confirm = Some(Confirm { num_runs: 5, num_days: 7 });
    let policy = GuardPolicy { confirm, ..GuardPolicy::default() };
    let history = vec![past(0, 100); 5];
    let is_removed = |num_runs, num_days, num_seen, coverage: &Coverage| {
        let groups = [missing(40, num_runs, num_days)];
        let evidence = Evidence { num_seen, missing: &groups, ..quiet(coverage) };
        !decide(&policy, &learn(&history), &evidence).removed.is_empty()
    };
    let good = titles(60, 60);
    assert!(is_removed(5, 7, 60, &good));
    assert!(!is_removed(4, 7, 60, &good));
    assert!(!is_removed(5, 6, 60, &good));
    // A run without records or with broken ones confirms nothing.
    assert!(!is_removed(5, 7, 0, &Coverage::default()));
    assert!(!is_removed(5, 7, 60, &titles(0, 60)));
}

#[test]
fn a_source_that_never_removes_is_not_held_for_removals() {
    let coverage = Coverage::default();
    let policy = GuardPolicy { removals: RemovalPolicy::Never, ..GuardPolicy::default() };
    let groups = [missing(100, 1, 0)];
    let evidence = Evidence { num_seen: 0, missing: &groups, ..quiet(&coverage) };
    let decision = decide(&policy, &Baseline::default(), &evidence);
    assert!(decision.removed.is_empty() && !decision.is_held());
    assert_eq!(decision.notes, ["the run saw no records, while the scope has 100 active references"]);
}

prop_compose! {
    fn policies()(
        max_removed_share in prop_oneof![Just(None), Just(Some(f64::NAN)), (0.0..=1.0).prop_map(Some)],
        max_changed_share in 0.0..=1.0_f64,
        min_removed in 0..20_u64,
        min_coverage_kept in 0.0..=1.0_f64,
        confirm in prop_oneof![Just(None), Just(Some(Confirm::SUGGESTED))],
        removals in prop_oneof![Just(RemovalPolicy::Guarded), Just(RemovalPolicy::Never)],
        rekey in prop_oneof![Just(RekeyPolicy::Hold), Just(RekeyPolicy::Follow)],
        hold_empty: bool,
    ) -> GuardPolicy {
        GuardPolicy {
            removals, confirm, hold_empty, rekey, max_removed_share, min_removed, max_changed_share, min_coverage_kept,
            ..GuardPolicy::default()
        }
    }
}

prop_compose! {
    fn histories()(runs in proptest::collection::vec(
        (1..200_u64, 0..=100_u64, 0..=100_u64, 0..=100_u64, 0..200_u64, 0..5_u64), 0..60,
    )) -> Vec<PastRun> {
        let run = |(active, removed, restored, titles, num_seen, num_split): (u64, u64, u64, u64, u64, u64)| PastRun {
            num_active_before: active.max(removed),
            num_restored: restored / 10,
            num_seen,
            num_split,
            ..past(removed, titles)
        };
        runs.into_iter().map(run).collect()
    }
}

/// Groups of missing references with different first days.
fn groups() -> impl Strategy<Value = Vec<Missing>> {
    let group =
        |(day, (count, num_runs)): (usize, (u64, u64))| missing(count, num_runs, i64::try_from(day).unwrap());
    proptest::collection::vec((1..40_u64, 1..9_u64), 0..9)
        .prop_map(move |made| made.into_iter().enumerate().map(group).collect())
}

proptest! {
    #[test]
    fn a_run_is_held_exactly_if_something_is_withheld(
        policy in policies(), history in histories(), groups in groups(), seen in 0..200_u64, filled in 0..=20_u64,
        updated in 0..=100_u64, has_rekey: bool,
    ) {
        let (coverage, rekey) = (titles(filled, 20), rekey());
        let losses = [Loss { fields: vec!["title".to_owned()], num_updates: updated / 2 }];
        let evidence = Evidence {
            num_seen: seen,
            num_updated: updated,
            missing: &groups,
            losses: &losses,
            rekey: has_rekey.then_some(&rekey),
            ..quiet(&coverage)
        };
        let decision = decide(&policy, &Baseline::learn(&policy, &history), &evidence);
        prop_assert_eq!(decision.is_held(), decision.withheld.num_withheld() > 0);
        prop_assert!(reasons(&decision).is_sorted());
        let mut settled = [decision.removed.clone(), decision.withheld.missing.clone()].concat();
        settled.sort_by_key(|group| std::cmp::Reverse(group.since));
        let expected = if policy.removals == RemovalPolicy::Never { Vec::new() } else { groups.clone() };
        prop_assert_eq!(settled, expected);
        let pairs = decision.moved.len() + decision.split.len() + decision.withheld.pairs.len();
        prop_assert_eq!(pairs, if has_rekey { rekey.pairs.len() } else { 0 });
        let off = GuardPolicy { enabled: false, ..policy };
        prop_assert!(!decide(&off, &Baseline::learn(&off, &history), &evidence).is_held());
    }

    #[test]
    fn more_removals_never_free_a_held_group(policy in policies(), history in histories(), removed in 1..100_u64) {
        let coverage = Coverage::default();
        let baseline = Baseline::learn(&policy, &history);
        let is_held = |count| {
            let groups = [missing(count, 1, 0)];
            decide(&policy, &baseline, &Evidence { missing: &groups, ..quiet(&coverage) }).is_held()
        };
        prop_assert!(!is_held(removed) || is_held(removed + 1));
    }

    /// A limit follows what happened at least twice, so no single run can lift it, whatever it removed.
    #[test]
    fn one_run_cannot_lift_the_limit(history in histories(), outlier in 0..=100_u64) {
        let largest = |runs: &[PastRun]| {
            runs.iter().map(|run| run.num_removed as f64 / run.num_active_before as f64).fold(0.0, f64::max)
        };
        let with = [vec![past(outlier, 100)], history.clone()].concat();
        let bound = (3.0 * largest(&history)).max(if history.len() < 5 { 0.2 } else { 0.1 });
        let limit = learn(&with).removal_limit();
        prop_assert!(limit <= bound.max(learn(&history).removal_limit()), "{} {}", limit, bound);
    }

    #[test]
    fn a_first_load_always_passes(policy in policies(), history in histories(), seen: u64, filled in 0..12_u64) {
        let (coverage, rekey) = (titles(filled, 12), rekey());
        let evidence = Evidence { num_active_before: 0, num_seen: seen, rekey: Some(&rekey), ..quiet(&coverage) };
        prop_assert!(!decide(&policy, &Baseline::learn(&policy, &history), &evidence).is_held());
    }
}

#[test]
fn records_of_another_scope_stay_there() {
    let coverage = titles(100, 100);
    let taken = |num_references| Taken { num_references, num_updated: 0, scope: "term=1".to_owned() };
    for (num_active_before, num_taken, is_held) in
        [(0, 100, true), (100, 11, true), (100, 10, false), (0, 5, false), (0, 0, false)]
    {
        let taken = taken(num_taken);
        let evidence = Evidence { num_active_before, taken: Some(&taken), ..quiet(&coverage) };
        let decision = decide(&GuardPolicy::default(), &Baseline::default(), &evidence);
        assert_eq!(decision.is_held(), is_held, "{num_taken}: {decision:?}");
        assert_eq!(decision.withheld.num_withheld(), if is_held { num_taken } else { 0 });
        if is_held {
            assert_eq!(decision.held[0].reason, HoldReason::ScopeConflict);
            assert!(decision.held[0].message.contains("the scope term=1"), "{decision:?}");
            let off = GuardPolicy { enabled: false, ..GuardPolicy::default() };
            assert!(!decide(&off, &Baseline::default(), &evidence).is_held());
        }
    }
}

proptest! {
    /// Records that say that they are gone are judged by their number alone, whatever else the run looks like.
    #[test]
    fn marked_records_wait_if_they_are_an_unusual_share(
        num_active_before in 1_u64..500, num_flagged in 0_u64..500, num_seen in 0_u64..500,
    ) {
        let coverage = Coverage::default();
        let evidence = Evidence { num_active_before, num_seen, num_flagged, ..quiet(&coverage) };
        let decision = decide_by_default(&[], &evidence);
        let is_mass = num_flagged > 5 && num_flagged * 5 > num_active_before;
        prop_assert_eq!(decision.withheld.num_flagged, if is_mass { num_flagged } else { 0 });
        let is_held = decision.held.iter().any(|held| held.reason == HoldReason::MassRemoval);
        prop_assert_eq!(is_held, is_mass);
        prop_assert!(!is_mass || !decision.is_ordinary(), "no run learns from it");
    }
}
