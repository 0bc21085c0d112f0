//! Invariants of every host, for all sequences of responses.

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
fn no_more_requests_than_the_concurrency_are_in_flight() {
    let mut pace = HostPace::default();
    for n in 0..4 {
        assert_eq!(pace.ask(LIMITS, at(1000 * n)), Decision::Start);
    }
    assert_eq!(pace.ask(LIMITS, at(9000)), Decision::Full);
    pace.ended(at(0), Feedback::Good, at(9000));
    assert_eq!(pace.ask(LIMITS, at(9000)), Decision::Start);
}

#[test]
fn requests_that_fail_together_slow_the_host_down_once() {
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
fn a_pause_applies_to_the_whole_host() {
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
fn only_good_responses_speed_the_host_up_again() {
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
    /// Whatever happens to a host: never more requests in flight than allowed, never two starts closer than the gap
    /// (minus the slack), never a start during a pause, and never stuck.
    #[test]
    fn the_limits_hold_for_every_sequence_of_responses(
        gap in 0_u64..2000, concurrency in 1_u16..20,
        steps in prop::collection::vec((0_u64..3000, any::<bool>(), feedback()), 1..200),
    ) {
        let limits = Limits { gap: at(gap), concurrency };
        let mut pace = HostPace::default();
        let mut now = at(10_000);
        let mut in_flight: Vec<Duration> = Vec::new();
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
                        in_flight.push(now);
                        prop_assert!(in_flight.len() <= usize::from(concurrency));
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
                    Decision::Full => prop_assert!(!in_flight.is_empty()),
                }
            } else if let Some(started) = in_flight.pop() {
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
