//! Scenarios of a breaker, and random sequences that check its invariants.

use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn policy() -> BreakerPolicy {
    BreakerPolicy { jitter: 0.0, ..BreakerPolicy::default() }
}

const PLAIN: Permit = Permit { probe: None };

/// A breaker with its policy; its calls end immediately.
struct Source {
    breaker: Breaker,
    policy: BreakerPolicy,
    transitions: Vec<String>,
}

impl Source {
    fn new(policy: BreakerPolicy) -> Self {
        Self { breaker: Breaker::new(at(0)), policy, transitions: Vec::new() }
    }

    fn ask(&mut self, now: i64, probe: u8) -> Answer {
        let (breaker, answer, transition) = self.breaker.clone().ask(&self.policy, at(now), [probe; 16]);
        self.note(breaker, transition);
        answer
    }

    fn record(&mut self, now: i64, permit: Permit, outcome: CallOutcome) {
        let (breaker, transition) =
            self.breaker.clone().record(&self.policy, permit, outcome, None, at(now), 0.0);
        self.note(breaker, transition);
    }

    /// Asks for a call and, if permitted, ends it.
    fn call(&mut self, now: i64, outcome: CallOutcome) -> Answer {
        let answer = self.ask(now, u8::try_from(now % 256).unwrap());
        if let Answer::Permit(permit) = answer {
            self.record(now, permit, outcome);
        }
        answer
    }

    fn note(&mut self, breaker: Breaker, transition: Option<BreakerTransition>) {
        self.transitions.extend(transition.map(|t| format!("{} {} {}", t.from, t.to, t.reason)));
        self.breaker = breaker;
    }
}

fn refusal(answer: Answer) -> Option<(i64, &'static str)> {
    match answer {
        Answer::Permit(_) => None,
        Answer::Refused { retry_after, reason } => Some((retry_after.as_secs(), reason.as_str())),
    }
}

#[test]
fn it_opens_waits_probes_and_recovers() {
    let mut source = Source::new(policy());
    for second in 0..5 {
        assert_eq!(refusal(source.call(second, CallOutcome::Transient)), None);
    }
    assert_eq!(source.breaker.state, BreakerState::Open);
    assert_eq!(refusal(source.ask(14, 1)), Some((20, "breaker_open")));
    // The wait is over: exactly one probe goes through.
    let Answer::Permit(first) = source.ask(34, 1) else { panic!("refused") };
    assert_eq!(first.probe, Some([1; 16]));
    assert_eq!(refusal(source.ask(35, 2)), Some((599, "breaker_probing")));
    source.record(36, first, CallOutcome::Success);
    assert_eq!(source.breaker.state, BreakerState::HalfOpen, "one success is not enough");
    assert_eq!(refusal(source.call(37, CallOutcome::Success)), None);
    assert_eq!(source.breaker.state, BreakerState::Closed);
    assert_eq!((source.breaker.num_opened, source.breaker.window.len()), (0, 0));
    assert_eq!(
        source.transitions,
        ["closed open consecutive_failures", "open half_open wait_over", "half_open closed recovered"]
    );
}

#[test]
fn the_wait_grows_each_time() {
    let mut source = Source::new(BreakerPolicy { max_wait: SignedDuration::from_secs(100), ..policy() });
    let mut now = 0;
    let mut waits = Vec::new();
    while waits.len() < 4 {
        source.call(now, CallOutcome::Transient);
        if let Some(retry_at) = source.breaker.retry_at {
            waits.push(at(now).duration_until(retry_at).as_secs());
            now = retry_at.as_second();
        } else {
            now += 1;
        }
    }
    assert_eq!(waits, [30, 60, 100, 100]);
}

#[test]
fn a_share_of_failures_opens_it_and_weights_count() {
    use CallOutcome::{CoverageDrop, Success, ZeroRecords};

    let calls = |weight: f64, outcomes: &[CallOutcome]| {
        let weights = FailureWeights { coverage_drop: weight, ..FailureWeights::default() };
        let mut source = Source::new(BreakerPolicy { weights, max_consecutive: None, ..policy() });
        for (second, outcome) in (0..).zip(outcomes) {
            source.call(second, *outcome);
        }
        source.breaker
    };
    let mixed = [Success, ZeroRecords, Success, ZeroRecords, CoverageDrop];
    assert_eq!(calls(0.5, &mixed).state, BreakerState::Open, "2.5 of 5");
    assert_eq!(calls(0.4, &mixed).state, BreakerState::Closed, "2.4 of 5");
    assert_eq!(calls(0.5, &mixed).reason, BreakerReason::FailureRate);
    assert_eq!(calls(1.0, &[ZeroRecords; 4]).state, BreakerState::Closed, "too few calls");
}

#[test]
fn consecutive_failures_count_regardless_of_the_time_between_them() {
    // One failure every six hours; a window of an hour never contains two.
    let mut source = Source::new(policy());
    for round in 0..5 {
        assert_eq!(source.breaker.state, BreakerState::Closed);
        source.call(round * 21_600, CallOutcome::Permanent);
    }
    assert_eq!(source.breaker.reason, BreakerReason::ConsecutiveFailures);
}

#[test]
fn configuration_errors_do_not_count_against_a_source() {
    let mut source = Source::new(policy());
    for second in 0..50 {
        source.call(second, CallOutcome::Configuration);
    }
    assert_eq!(source.breaker, Breaker::new(at(0)));
    // Late probe results only make room for another probe.
    for second in 50..55 {
        source.call(second, CallOutcome::Transient);
    }
    source.call(90, CallOutcome::Configuration);
    assert_eq!(source.breaker.state, BreakerState::HalfOpen);
    assert_eq!(source.breaker.probes, []);
}

#[test]
fn an_expired_probe_makes_room_and_its_late_result_is_ignored() {
    let mut source = Source::new(policy());
    for second in 0..5 {
        source.call(second, CallOutcome::Transient);
    }
    let Answer::Permit(dead) = source.ask(100, 1) else { panic!("refused") };
    assert_eq!(refusal(source.ask(699, 2)), Some((1, "breaker_probing")));
    let Answer::Permit(next) = source.ask(700, 2) else { panic!("refused") };
    source.record(701, dead, CallOutcome::Transient);
    assert_eq!(source.breaker.state, BreakerState::HalfOpen);
    source.record(702, next, CallOutcome::Success);
    assert_eq!(source.breaker.num_recovered, 1);
    source.record(703, next, CallOutcome::Success);
    assert_eq!(source.breaker.num_recovered, 1, "a probe counts once");
}

#[test]
fn a_late_probe_counts_until_another_replaces_it() {
    let half_open = |policy: BreakerPolicy| {
        let mut source = Source::new(policy);
        for second in 0..5 {
            source.call(second, CallOutcome::Transient);
        }
        source
    };
    // Calls that take longer than the lease of ten minutes, one after another.
    let mut source = half_open(policy());
    for begun in [100, 1_000] {
        let Answer::Permit(slow) = source.ask(begun, 1) else { panic!("refused") };
        source.record(begun + 800, slow, CallOutcome::Success);
    }
    assert_eq!(source.breaker.state, BreakerState::Closed);

    let mut source = half_open(policy());
    let Answer::Permit(slow) = source.ask(100, 1) else { panic!("refused") };
    source.record(900, slow, CallOutcome::Transient);
    assert_eq!(source.breaker.reason, BreakerReason::ProbeFailed);
    source.record(901, slow, CallOutcome::Success);
    assert_eq!(source.breaker.state, BreakerState::Open, "the probe counts once");

    // One of two probes is late; only the newer one counts.
    let mut source = half_open(BreakerPolicy { probes: 2, ..policy() });
    let Answer::Permit(late) = source.ask(100, 1) else { panic!("refused") };
    let Answer::Permit(newer) = source.ask(200, 2) else { panic!("refused") };
    source.record(750, late, CallOutcome::Transient);
    assert_eq!((source.breaker.state, source.breaker.num_recovered), (BreakerState::HalfOpen, 0));
    source.record(850, newer, CallOutcome::Success);
    assert_eq!(source.breaker.num_recovered, 1);
}

#[test]
fn a_call_permitted_before_opening_is_not_a_probe() {
    let mut source = Source::new(policy());
    for second in 0..5 {
        source.call(second, CallOutcome::Transient);
    }
    let open = source.breaker.clone();
    source.record(6, PLAIN, CallOutcome::Success);
    assert_eq!(source.breaker, open);
    source.ask(40, 1);
    source.record(41, PLAIN, CallOutcome::Transient);
    assert_eq!(source.breaker.state, BreakerState::HalfOpen);
}

#[test]
fn a_requested_delay_is_honoured_within_bounds() {
    let policy = policy();
    let wait = |asked: i64| policy.wait(1, Some(SignedDuration::from_secs(asked)), 0.0).as_secs();
    assert_eq!((wait(5), wait(7_200), wait(i64::MAX), wait(-9)), (30, 7_200, 86_400, 30));
    let jittered = BreakerPolicy { jitter: 0.5, ..policy };
    assert_eq!(jittered.wait(1, None, 1.0).as_secs(), 15);
    assert_eq!(jittered.wait(u32::MAX, None, f64::NAN).as_secs(), 3_600);
}

#[test]
fn an_operator_overrides_recorded_calls() {
    let mut breaker = Breaker::new(at(0));
    let mut run = |command, now| {
        let (next, transition) = breaker.clone().operate(command, at(now));
        breaker = next;
        (breaker.clone(), format!("{} {} {}", transition.from, transition.to, transition.reason))
    };
    let (forced, transition) = run(BreakerCommand::ForceOpen, 1);
    assert_eq!(transition, "closed forced_open opened_by_operator");
    let (after, answer, _) = forced.ask(&policy(), at(1_000_000), [1; 16]);
    assert_eq!(refusal(answer), Some((3_600, "breaker_forced_open")));
    assert_eq!(after.state, BreakerState::ForcedOpen);

    let (disabled, _) = run(BreakerCommand::Disable, 2);
    let mut source = Source { breaker: disabled.clone(), ..Source::new(policy()) };
    for second in 3..30 {
        assert_eq!(refusal(source.call(second, CallOutcome::Transient)), None);
    }
    assert_eq!(source.breaker, disabled);
    assert_eq!(run(BreakerCommand::Close, 40).1, "disabled closed closed_by_operator");
    let (reset, transition) = run(BreakerCommand::Reset, 50);
    assert_eq!(transition, "closed closed reset_by_operator");
    assert_eq!(reset, Breaker { reason: BreakerReason::Reset, ..Breaker::new(at(50)) });
}

#[test]
fn words_round_trip() {
    for state in BreakerState::ALL {
        assert_eq!(BreakerState::parse(state.as_str()), Some(state));
    }
    assert_eq!(BreakerState::parse("ajar"), None);
}

#[derive(Clone, Debug)]
enum Step {
    Ask,
    End(usize, usize),
    Wait(i64),
    Operate(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Ask),
        5 => (0_usize..8, 0_usize..7).prop_map(|(call, outcome)| Step::End(call, outcome)),
        3 => (0_i64..900).prop_map(Step::Wait),
        1 => (0_usize..4).prop_map(Step::Operate),
    ]
}

proptest! {
    #[test]
    fn invariants_hold_for_random_sequences(
        steps in proptest::collection::vec(step(), 0..120),
        probes in 0_u32..4,
        window in 0_u32..8,
        jitter in 0.0_f64..1.0,
    ) {
        let policy = BreakerPolicy { window, probes, ..BreakerPolicy::default() };
        let mut breaker = Breaker::new(at(0));
        let mut now = 0;
        let mut out: Vec<Permit> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let before = breaker.state;
            let transition = match step {
                Step::Ask => {
                    let id = [u8::try_from(number).unwrap(); 16];
                    let (next, answer, transition) = breaker.clone().ask(&policy, at(now), id);
                    breaker = next;
                    match answer {
                        Answer::Permit(permit) => {
                            prop_assert!(!matches!(breaker.state, BreakerState::Open | BreakerState::ForcedOpen));
                            prop_assert_eq!(permit.probe.is_some(), breaker.state == BreakerState::HalfOpen);
                            out.push(permit);
                        }
                        Answer::Refused { retry_after, .. } => {
                            prop_assert!(retry_after > SignedDuration::ZERO);
                            prop_assert!(!matches!(breaker.state, BreakerState::Closed | BreakerState::Disabled));
                        }
                    }
                    transition
                }
                Step::End(call, outcome) if !out.is_empty() => {
                    let permit = out.remove(call % out.len());
                    let outcome = CallOutcome::ALL[outcome];
                    let (next, transition) = breaker.clone().record(&policy, permit, outcome, None, at(now), jitter);
                    breaker = next;
                    if let Some(transition) = transition {
                        let opens = transition.to == BreakerState::Open;
                        prop_assert_eq!(opens, policy.weight(outcome) > Some(0.0));
                    }
                    transition
                }
                Step::End(..) => None,
                Step::Wait(seconds) => {
                    now += seconds;
                    None
                }
                Step::Operate(command) => {
                    use BreakerCommand::{Close, Disable, ForceOpen, Reset};
                    let (next, transition) = breaker.operate([ForceOpen, Close, Reset, Disable][command], at(now));
                    breaker = next;
                    Some(transition)
                }
            };
            // The state changes only with a transition, and the stored data stays small and belongs to the state.
            prop_assert_eq!(transition.map_or(before, |t| t.to), breaker.state);
            prop_assert!(transition.is_none_or(|t| t.from == before));
            prop_assert_eq!(breaker.retry_at.is_some(), breaker.state == BreakerState::Open);
            prop_assert!(breaker.probes.is_empty() || breaker.state == BreakerState::HalfOpen);
            prop_assert!(breaker.probes.len() <= probes.max(1) as usize);
            prop_assert!(breaker.window.len() <= window.max(1) as usize);
            prop_assert!(breaker.failure_streak >= 0.0);
        }
        // Without an operator's command, the breaker always recovers.
        if !matches!(breaker.state, BreakerState::ForcedOpen | BreakerState::Disabled) {
            for number in 0..20_u8 {
                now += 86_400;
                let (next, answer, _) = breaker.ask(&policy, at(now), [200 + number; 16]);
                let Answer::Permit(permit) = answer else { panic!("refused after a day") };
                breaker = next.record(&policy, permit, CallOutcome::Success, None, at(now), jitter).0;
            }
            prop_assert_eq!(breaker.state, BreakerState::Closed);
        }
    }
}
