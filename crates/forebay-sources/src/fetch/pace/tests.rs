//! What holds for every host, whatever it answers and when.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { gap: Duration::from_millis(500), concurrency: 4 };

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn starts_keep_their_gap() {
    let mut pace = HostPace::default();
    assert_eq!(pace.ask(LIMITS, at(1000)), Decision::Start);
    assert_eq!(pace.ask(LIMITS, at(1100)), Decision::Wait(at(395)));
    assert_eq!(pace.ask(LIMITS, at(1495)), Decision::Start);
}

#[test]
fn no_more_than_the_concurrency_is_under_way() {
    let mut pace = HostPace::default();
    for n in 0..4 {
        assert_eq!(pace.ask(LIMITS, at(1000 * n)), Decision::Start);
    }
    assert_eq!(pace.ask(LIMITS, at(9000)), Decision::Full);
    pace.ended(at(0), Outcome::Good, at(9000));
    assert_eq!(pace.ask(LIMITS, at(9000)), Decision::Start);
}

#[test]
fn what_failed_together_slows_down_once() {
    let mut pace = HostPace::default();
    for n in 0..4 {
        assert_eq!(pace.ask(LIMITS, at(1000 * n)), Decision::Start);
    }
    for n in 0..4 {
        pace.ended(at(1000 * n), Outcome::TooMuch(None), at(5000 + n));
    }
    assert!((pace.share - 0.5).abs() < f64::EPSILON);
    assert_eq!(pace.gap(LIMITS), at(1000));
    assert_eq!(pace.concurrency(LIMITS), 2);
}

#[test]
fn a_pause_is_for_the_whole_host() {
    let mut pace = HostPace::default();
    assert_eq!(pace.ask(LIMITS, at(0)), Decision::Start);
    pace.ended(at(0), Outcome::TooMuch(Some(at(10_000))), at(100));
    pace.ended(at(0), Outcome::TooMuch(Some(at(5000))), at(200));
    assert_eq!(
        pace.ask(LIMITS, at(600)),
        Decision::Paused(at(9500)),
        "a shorter pause does not end a longer one"
    );
    assert!(!pace.is_idle(at(600)));
    assert_eq!(pace.ask(LIMITS, at(10_100)), Decision::Start);
}

#[test]
fn it_recovers_with_good_answers_alone() {
    let mut pace = HostPace::default();
    pace.ended(at(0), Outcome::TooMuch(None), at(0));
    pace.ended(at(1), Outcome::TooMuch(None), at(1));
    let slowed = pace.gap(LIMITS);
    assert_eq!(slowed, at(2000));
    pace.ended(at(2), Outcome::Neutral, at(1_000_000));
    assert_eq!(pace.gap(LIMITS), slowed);
    for _ in 0..48 {
        pace.ended(at(3), Outcome::Good, at(1_000_000));
    }
    assert_eq!(pace.gap(LIMITS), LIMITS.gap);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Good),
        1 => Just(Outcome::Neutral),
        1 => (0_u64..100_000).prop_map(|millis| Outcome::TooMuch(Some(at(millis)))),
        1 => Just(Outcome::TooMuch(None)),
        1 => Just(Outcome::TooMuch(Some(Duration::MAX))),
    ]
}

proptest! {
    /// Any life of a host: never more under way than granted, never two starts closer than the gap (but for the slack),
    /// never a start within a pause, and always a way on.
    #[test]
    fn every_life_keeps_the_limits(
        gap in 0_u64..2000, concurrency in 1_u16..20,
        steps in prop::collection::vec((0_u64..3000, any::<bool>(), outcome()), 1..200),
    ) {
        let limits = Limits { gap: at(gap), concurrency };
        let mut pace = HostPace::default();
        let mut now = at(10_000);
        let mut under_way: Vec<Duration> = Vec::new();
        let mut last_start: Option<Duration> = None;
        let mut paused_until = Duration::ZERO;
        for (pass, begins, outcome) in steps {
            now += at(pass);
            if begins {
                match pace.ask(limits, now) {
                    Decision::Start => {
                        prop_assert!(now >= paused_until);
                        if let Some(last) = last_start {
                            prop_assert!(now.saturating_sub(last) + SLACK >= limits.gap);
                        }
                        last_start = Some(now);
                        under_way.push(now);
                        prop_assert!(under_way.len() <= usize::from(concurrency));
                    }
                    Decision::Wait(time) => {
                        let mut later = pace;
                        prop_assert_eq!(later.ask(limits, now + time), Decision::Start);
                    }
                    Decision::Paused(time) => {
                        prop_assert_eq!(now + time, paused_until);
                        prop_assert!(time <= MAX_PAUSE);
                        let mut later = pace;
                        prop_assert!(!matches!(later.ask(limits, now + time), Decision::Paused(_)));
                    }
                    Decision::Full => prop_assert!(!under_way.is_empty()),
                }
            } else if let Some(started) = under_way.pop() {
                pace.ended(started, outcome, now);
                if let Outcome::TooMuch(Some(pause)) = outcome {
                    paused_until = paused_until.max(now + pause.min(MAX_PAUSE));
                }
            }
            prop_assert!((MIN_SHARE..=1.0).contains(&pace.share));
            prop_assert!(pace.gap(limits) >= limits.gap);
        }
    }
}
