//! Each guard at its limit, the order of reasons, and invariants for any evidence.

use proptest::prelude::*;

use super::*;

/// A run over 100 active references without changes.
fn quiet(coverage: &Coverage) -> Evidence<'_> {
    Evidence {
        num_active_before: 100,
        num_seen: 100,
        num_removed: 0,
        num_added: 0,
        num_updated: 0,
        coverage,
        baseline: None,
        rekey: None,
    }
}

/// All `num_records` records have an id; `num_filled` of them have a title.
fn titles(num_filled: u64, num_records: u64) -> Coverage {
    let mut coverage = Coverage::default();
    for number in 0..num_records {
        coverage.observe_record();
        coverage.observe("id", 0);
        if number < num_filled {
            coverage.observe("title", 1);
        }
    }
    coverage
}

fn baseline(share: f64) -> [FieldBaseline; 2] {
    [FieldBaseline { name: "id".into(), share: 1.0 }, FieldBaseline { name: "title".into(), share }]
}

fn reasons(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Vec<HoldReason> {
    match decide(policy, evidence) {
        Verdict::Apply => Vec::new(),
        Verdict::Hold(held) => {
            assert!(!held.is_empty());
            held.into_iter().map(|held| held.reason).collect()
        }
    }
}

fn trips(policy: &GuardPolicy, evidence: &Evidence<'_>, reason: HoldReason) -> bool {
    reasons(policy, evidence).contains(&reason)
}

fn rekey() -> Rekey {
    Rekey {
        pairs: vec![(0, 0), (1, 1), (2, 2)],
        num_same_content: 2,
        num_vanished: 4,
        num_appeared: 5,
        key_change: Some(crate::rekey::KeyChange::Prefix { old: "bk:".into(), new: String::new() }),
    }
}

#[test]
fn removals_are_held_beyond_the_share_and_the_number() {
    let coverage = Coverage::default();
    // (active before, removed, held)
    let cases =
        [(100, 0, false), (100, 50, false), (100, 51, true), (8, 5, false), (8, 6, true), (5, 5, false)];
    for (num_active_before, num_removed, held) in cases {
        let evidence = Evidence { num_active_before, num_removed, ..quiet(&coverage) };
        let found = trips(&GuardPolicy::default(), &evidence, HoldReason::MassRemoval);
        assert_eq!(found, held, "{num_removed} of {num_active_before}");
    }
}

#[test]
fn changes_are_held_only_with_a_limit_below_one() {
    let coverage = Coverage::default();
    let evidence = Evidence { num_updated: 100, ..quiet(&coverage) };
    assert_eq!(decide(&GuardPolicy::default(), &evidence), Verdict::Apply);
    let policy = GuardPolicy { max_changed_share: 0.3, ..GuardPolicy::default() };
    assert_eq!(reasons(&policy, &evidence), [HoldReason::MassChange]);
    assert!(!trips(&policy, &Evidence { num_updated: 30, ..evidence }, HoldReason::MassChange));
    let few = Evidence { num_active_before: 6, num_updated: 5, ..evidence };
    assert!(!trips(&policy, &few, HoldReason::MassChange));
}

#[test]
fn coverage_is_compared_with_its_baseline() {
    // (titles, records, baseline, held)
    let cases = [
        (5, 10, 1.0, false),
        (4, 10, 1.0, true),
        (0, 9, 1.0, false),
        (0, 10, 0.2, true),
        (0, 10, 0.19, false),
        (10, 10, 0.5, false),
    ];
    for (num_filled, num_records, share, held) in cases {
        let coverage = titles(num_filled, num_records);
        let baseline = baseline(share);
        let evidence = Evidence { baseline: Some(&baseline), ..quiet(&coverage) };
        let found = trips(&GuardPolicy::default(), &evidence, HoldReason::CoverageDrop);
        assert_eq!(found, held, "{num_filled} of {num_records}, before {share}");
        assert_eq!(decide(&GuardPolicy::default(), &Evidence { baseline: None, ..evidence }), Verdict::Apply);
    }
}

/// Records that all have an id and the field `name`.
fn all_have(name: &str) -> Coverage {
    let mut coverage = Coverage::default();
    for _ in 0..20 {
        coverage.observe_record();
        coverage.observe("id", 0);
        coverage.observe(name, 1);
    }
    coverage
}

#[test]
fn a_renamed_field_does_not_trip_the_guard() {
    let renamed = all_have("headline");
    let evidence = Evidence { baseline: Some(&baseline(1.0)), ..quiet(&renamed) };
    assert_eq!(decide(&GuardPolicy::default(), &evidence), Verdict::Apply);

    // One new field excuses one lost field, not two.
    let two_lost = [
        FieldBaseline { name: "id".into(), share: 1.0 },
        FieldBaseline { name: "summary".into(), share: 1.0 },
        FieldBaseline { name: "title".into(), share: 1.0 },
    ];
    let evidence = Evidence { baseline: Some(&two_lost), ..quiet(&renamed) };
    assert_eq!(reasons(&GuardPolicy::default(), &evidence), [HoldReason::CoverageDrop]);

    // A field that still exists but is mostly empty was not renamed.
    let mut emptied = titles(2, 20);
    emptied.merge(&all_have("headline"));
    let evidence = Evidence { baseline: Some(&baseline(1.0)), ..quiet(&emptied) };
    assert_eq!(reasons(&GuardPolicy::default(), &evidence), [HoldReason::CoverageDrop]);
}

#[test]
fn messages_contain_the_numbers() {
    let coverage = titles(1, 10);
    let baseline = baseline(0.995);
    let rekey = rekey();
    let evidence = Evidence {
        num_seen: 10,
        num_removed: 95,
        baseline: Some(&baseline),
        rekey: Some(&rekey),
        ..quiet(&coverage)
    };
    let Verdict::Hold(held) = decide(&GuardPolicy::default(), &evidence) else { panic!("not held") };
    let lines: Vec<String> = held.iter().map(|held| format!("{}: {}", held.reason, held.message)).collect();
    assert_eq!(
        lines,
        [
            "rekey_suspected: 3 of 4 vanished keys reappear as other keys, 2 of them with the same content \
             (prefix \"bk:\" stripped); rekey keeps their references and history",
            "mass_removal: 95 of 100 active references (95 %) would be removed; the limit is 50 %",
            "coverage_drop: fields lost their values: title from 99.5 % to 10 %",
        ]
    );
}

#[test]
fn many_lost_fields_are_named_in_part() {
    let mut coverage = Coverage::default();
    (0..10).for_each(|_| coverage.observe_record());
    let lost: Vec<FieldBaseline> =
        (0..11).map(|number| FieldBaseline { name: format!("f{number:02}"), share: 1.0 }).collect();
    let evidence = Evidence { baseline: Some(&lost), ..quiet(&coverage) };
    let Verdict::Hold(held) = decide(&GuardPolicy::default(), &evidence) else { panic!("not held") };
    assert!(held[0].message.ends_with("f07 from 100 % to 0 % and 3 more"), "{}", held[0].message);
}

#[test]
fn an_empty_run_comes_first() {
    let coverage = Coverage::default();
    let empty = Evidence { num_seen: 0, num_removed: 100, ..quiet(&coverage) };
    let policy = GuardPolicy::default();
    assert_eq!(reasons(&policy, &empty), [HoldReason::EmptyRun, HoldReason::MassRemoval]);
    let few = Evidence { num_active_before: 1, num_removed: 1, ..empty };
    assert_eq!(reasons(&policy, &few), [HoldReason::EmptyRun]);
    assert_eq!(decide(&GuardPolicy { hold_empty: false, ..policy }, &few), Verdict::Apply);
    assert_eq!(decide(&GuardPolicy::off(), &empty), Verdict::Apply);
}

#[test]
fn words_round_trip() {
    for reason in HoldReason::ALL {
        assert_eq!(HoldReason::parse(reason.as_str()), Some(reason));
    }
}

prop_compose! {
    fn policies()(
        max_removed_share in prop_oneof![0.0..=1.0_f64, Just(f64::NAN)],
        max_changed_share in 0.0..=1.0_f64,
        min_removed in 0..20_u64,
        min_coverage_kept in 0.0..=1.0_f64,
        hold_empty: bool,
        hold_rekey: bool,
    ) -> GuardPolicy {
        GuardPolicy {
            hold_empty, hold_rekey, max_removed_share, min_removed, max_changed_share, min_coverage_kept,
            ..GuardPolicy::default()
        }
    }
}

proptest! {
    #[test]
    fn more_removals_never_free_a_held_run(policy in policies(), active in 1..200_u64, removed in 0..200_u64) {
        let coverage = Coverage::default();
        let at = |num_removed| Evidence { num_active_before: active, num_removed, ..quiet(&coverage) };
        let is_held = |num_removed| trips(&policy, &at(num_removed), HoldReason::MassRemoval);
        prop_assert!(!is_held(0));
        prop_assert!(!is_held(removed) || is_held(removed + 1));
    }

    #[test]
    fn a_first_load_always_passes(policy in policies(), num_seen: u64, num_added: u64, filled in 0..12_u64) {
        let coverage = titles(filled, 12);
        let (baseline, rekey) = (baseline(1.0), rekey());
        let evidence = Evidence {
            num_active_before: 0,
            num_seen,
            num_added,
            baseline: Some(&baseline),
            rekey: Some(&rekey),
            ..quiet(&coverage)
        };
        prop_assert_eq!(decide(&policy, &evidence), Verdict::Apply);
    }

    #[test]
    fn reasons_come_in_order_and_once(
        policy in policies(), seen in 0..3_u64, removed in 0..=100_u64, updated in 0..=100_u64, filled in 0..12_u64,
        has_rekey: bool,
    ) {
        let coverage = titles(filled, 12);
        let (baseline, rekey) = (baseline(1.0), rekey());
        let evidence = Evidence {
            num_seen: seen,
            num_removed: removed,
            num_updated: updated,
            baseline: Some(&baseline),
            rekey: has_rekey.then_some(&rekey),
            ..quiet(&coverage)
        };
        prop_assert!(reasons(&policy, &evidence).is_sorted_by(|a, b| a < b));
    }
}
