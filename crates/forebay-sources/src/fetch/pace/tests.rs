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
    pace.ended(at(0), Feedback::Good, at(9000));
    assert_eq!(pace.ask(LIMITS, at(9000)), Decision::Start);
}

#[test]
fn what_failed_together_slows_down_once() {
    let mut pace = HostPace::default();
    for n in 0..4 {
        assert_eq!(pace.ask(LIMITS, at(1000 * n)), Decision::Start);
    }
    for n in 0..4 {
        pace.ended(at(1000 * n), Feedback::Overloaded(None), at(5000 + n));
    }
    assert!((pace.share - 0.5).abs() < f64::EPSILON);
    assert_eq!(pace.gap(LIMITS), at(1000));
    assert_eq!(pace.concurrency(LIMITS), 2);
}

#[test]
fn a_pause_is_for_the_whole_host() {
    let mut pace = HostPace::default();
    assert_eq!(pace.ask(LIMITS, at(0)), Decision::Start);
    pace.ended(at(0), Feedback::Overloaded(Some(at(10_000))), at(100));
    pace.ended(at(0), Feedback::Overloaded(Some(at(5000))), at(200));
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
    pace.ended(at(0), Feedback::Overloaded(None), at(0));
    pace.ended(at(1), Feedback::Overloaded(None), at(1));
    let slowed = pace.gap(LIMITS);
    assert_eq!(slowed, at(2000));
    pace.ended(at(2), Feedback::Neutral, at(1_000_000));
    assert_eq!(pace.gap(LIMITS), slowed);
    for _ in 0..48 {
        pace.ended(at(3), Feedback::Good, at(1_000_000));
    }
    assert_eq!(pace.gap(LIMITS), LIMITS.gap);
}

fn feedback() -> impl Strategy<Value = Feedback> {
    prop_oneof![
        4 => Just(Feedback::Good),
        1 => Just(Feedback::Neutral),
        1 => (0_u64..100_000).prop_map(|millis| Feedback::Overloaded(Some(at(millis)))),
        1 => Just(Feedback::Overloaded(None)),
        1 => Just(Feedback::Overloaded(Some(Duration::MAX))),
    ]
}

proptest! {
    /// Any life of a host: never more under way than granted, never two starts closer than the gap (but for the slack),
    /// never a start within a pause, and always a way on.
    #[test]
    fn every_life_keeps_the_limits(
        gap in 0_u64..2000, concurrency in 1_u16..20,
        steps in prop::collection::vec((0_u64..3000, any::<bool>(), feedback()), 1..200),
    ) {
        let limits = Limits { gap: at(gap), concurrency };
        let mut pace = HostPace::default();
        let mut now = at(10_000);
        let mut under_way: Vec<Duration> = Vec::new();
        let mut last_start: Option<Duration> = None;
        let mut paused_until = Duration::ZERO;
        for (pass, begins, feedback) in steps {
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
                pace.ended(started, feedback, now);
                if let Feedback::Overloaded(Some(pause)) = feedback {
                    paused_until = paused_until.max(now + pause.min(MAX_PAUSE));
                }
            }
            prop_assert!((MIN_SHARE..=1.0).contains(&pace.share));
            prop_assert!(pace.gap(limits) >= limits.gap);
        }
    }
}
