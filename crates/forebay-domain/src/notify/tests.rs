//! The rule, on single cases and on random histories.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::handoff::FailureClass;

const WAIT: SignedDuration = SignedDuration::from_secs(30);
const QUIET: SignedDuration = SignedDuration::from_secs(300);
const GROUPING: Grouping = Grouping { group_wait: WAIT, repeat_after: Some(QUIET) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn key(number: u8) -> AlertKey {
    (NotifyEvent::RunHeld, format!("run {number}"))
}

fn firing(numbers: &[u8]) -> Observation {
    let firing = numbers.iter().map(|number| (key(*number), at(0))).collect();
    Observation { firing, ..Observation::default() }
}

fn told(firing: &[u8], repeated: &[u8], resolved: &[u8]) -> Told {
    let keys = |numbers: &[u8]| numbers.iter().map(|number| key(*number)).collect();
    Told { firing: keys(firing), repeated: keys(repeated), resolved: keys(resolved) }
}

/// Plays observations at seconds, and returns what each step told.
fn play(steps: &[(i64, &[u8])]) -> Vec<Told> {
    let mut memory = Memory::new();
    let mut all = Vec::new();
    for (second, numbers) in steps {
        let (next, told) = step(&memory, &firing(numbers), &GROUPING, at(*second));
        memory = next;
        all.push(told);
    }
    all
}

#[test]
fn news_within_the_group_wait_is_told_together() {
    let all = play(&[(0, &[1]), (10, &[1, 2]), (29, &[1, 2, 3]), (30, &[1, 2, 3]), (31, &[1, 2, 3])]);
    let nothing = Told::default();
    assert_eq!(all, [nothing.clone(), nothing.clone(), nothing.clone(), told(&[1, 2, 3], &[], &[]), nothing]);
}

#[test]
fn what_still_holds_is_repeated_after_the_quiet_time_only() {
    let all = play(&[(0, &[1]), (30, &[1]), (329, &[1]), (330, &[1]), (629, &[1]), (630, &[1])]);
    assert_eq!(all[1], told(&[1], &[], &[]));
    assert!(all[2].is_empty() && all[4].is_empty());
    assert_eq!((&all[3], &all[5]), (&told(&[], &[1], &[]), &told(&[], &[1], &[])));
}

#[test]
fn nothing_is_repeated_while_notifications_wait_for_the_receiver() {
    let (memory, _) = step(&Memory::new(), &firing(&[1]), &GROUPING, at(0));
    let (memory, _) = step(&memory, &firing(&[1]), &GROUPING, at(30));
    let waiting = Observation { is_waiting: true, ..firing(&[1]) };
    let (memory, quiet) = step(&memory, &waiting, &GROUPING, at(900));
    assert!(quiet.is_empty());
    let (_, again) = step(&memory, &firing(&[1]), &GROUPING, at(915));
    assert_eq!(again, told(&[], &[1], &[]));
}

#[test]
fn what_ends_is_resolved_once_and_only_if_it_was_told() {
    let all = play(&[(0, &[1, 2]), (20, &[1]), (30, &[1]), (40, &[]), (70, &[]), (500, &[])]);
    // 2 ended before it was told.
    assert_eq!(all[2], told(&[1], &[], &[]));
    assert_eq!(all[4], told(&[], &[], &[1]));
    assert!(all[3].is_empty() && all[5].is_empty());
}

#[test]
fn what_comes_back_before_its_end_was_told_has_not_ended() {
    let all = play(&[(0, &[1]), (30, &[1]), (40, &[]), (50, &[1]), (80, &[1]), (120, &[1])]);
    assert_eq!(all[1], told(&[1], &[], &[]));
    assert!(all[2..].iter().all(Told::is_empty), "{all:?}");
}

#[test]
fn what_no_longer_exists_is_forgotten_without_a_word() {
    let (memory, _) = step(&Memory::new(), &firing(&[1]), &GROUPING, at(0));
    let (memory, _) = step(&memory, &firing(&[1]), &GROUPING, at(30));
    let gone = Observation { gone: [key(1)].into(), ..Observation::default() };
    let (memory, nothing) = step(&memory, &gone, &GROUPING, at(60));
    assert!(memory.is_empty() && nothing.is_empty());
}

#[test]
fn temporary_failures_are_retried_until_the_notification_is_too_old() {
    let (young, old) = (SignedDuration::from_hours(71), SignedDuration::from_hours(72));
    let after = |class, age, asked| after_failure(class, 40, age, old, asked, 1.0);
    let longest = AfterFailure::Retry(SignedDuration::from_mins(5));
    for class in [FailureClass::Transient, FailureClass::Throttled, FailureClass::Lost] {
        assert_eq!(after(class, young, None), longest);
        assert_eq!(after(class, old, None), AfterFailure::GiveUp);
    }
    for class in [FailureClass::Permanent, FailureClass::Poison] {
        assert_eq!(after(class, SignedDuration::ZERO, None), AfterFailure::GiveUp);
    }
    let asked = SignedDuration::from_mins(7);
    assert_eq!(after(FailureClass::Throttled, young, Some(asked)), AfterFailure::Retry(asked));
    let days = Some(SignedDuration::from_hours(99));
    let an_hour = AfterFailure::Retry(SignedDuration::from_hours(1));
    assert_eq!(after(FailureClass::Throttled, young, days), an_hour);
    assert_eq!((after_loss(3), after_loss(4)), (false, true));
}

proptest! {
    /// Whatever happens: firing and resolved alternate for each alert, nothing is repeated within the quiet time, no
    /// news is older than the group wait and the time to the next observation, and none is told sooner unless older
    /// news or a repetition was due.
    #[test]
    fn a_receiver_hears_a_consistent_story(
        history in vec((1_i64..40, vec(any::<bool>(), 4), any::<bool>()), 1..80),
    ) {
        let mut memory = Memory::new();
        let mut second = 0;
        // What the receiver believes, and when it heard so last.
        let mut believed: BTreeMap<AlertKey, Timestamp> = BTreeMap::new();
        for (pause, pattern, is_waiting) in history {
            second += pause;
            let now = at(second);
            let numbers: Vec<u8> = (0..4).filter(|n| pattern[usize::from(*n)]).collect();
            let seen = Observation { is_waiting, ..firing(&numbers) };
            let (next, told) = step(&memory, &seen, &GROUPING, now);
            for key in &told.firing {
                prop_assert!(seen.firing.contains_key(key));
                prop_assert!(believed.insert(key.clone(), now).is_none(), "told twice: {key:?}");
            }
            for key in &told.repeated {
                prop_assert!(seen.firing.contains_key(key) && !is_waiting);
                let last = believed.insert(key.clone(), now);
                prop_assert!(last.is_some_and(|last| last + QUIET <= now));
            }
            for key in &told.resolved {
                prop_assert!(!seen.firing.contains_key(key));
                prop_assert!(believed.remove(key).is_some(), "resolved, but never told: {key:?}");
            }
            // Nothing is left out, and no news waits for too long.
            for (key, state) in &next {
                prop_assert_eq!(state.is_firing, seen.firing.contains_key(key));
                if !state.is_firing || state.told_at.is_none() {
                    prop_assert!(state.changed_at + WAIT > now);
                }
            }
            prop_assert!(seen.firing.keys().all(|key| next.contains_key(key)));
            prop_assert!(believed.keys().all(|key| next.contains_key(key)));
            // The same decision again tells nothing.
            let (same, nothing) = step(&next, &seen, &GROUPING, now);
            prop_assert!(nothing.is_empty());
            prop_assert_eq!(&same, &next);
            memory = next;
        }
    }
}
