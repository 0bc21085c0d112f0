//! The full matrix of states and events, the policies, and random sequences for one reference's hand-offs.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// One row per state, one column per event of `Event::ALL`: the first letter of the state after (`U`: superseded), or
/// the refusal in lower case: `s` stale receipt, `c` not claimable, `w` attempt under way, `p` already pending,
/// `h` held, `n` not held, `e` already ended, `l` not latest.
const MATRIX: [(State, &str); 8] = [
    (State::Pending, "P U P P A s s s s s s s s C H n P p"),
    (State::Active, "A A P P c S R R F F R F P w w n w w"),
    (State::Retrying, "R U P R A s s s s s s s s C H n R P"),
    (State::Succeeded, "S S P P c s s s s s s s s e e n e P"),
    (State::Failed, "F F P P c s s s s s s s s e e n e P"),
    (State::Superseded, "l U P l c s s s s s s s s l l n l l"),
    (State::Cancelled, "C C P C c s s s s s s s s e e n e P"),
    (State::Held, "H U P H c s s s s s s s s C h P h h"),
];

fn letter(outcome: Result<&Transition, Refusal>) -> &'static str {
    match outcome {
        Ok(transition) => match transition.to {
            State::Pending => "P",
            State::Active => "A",
            State::Retrying => "R",
            State::Succeeded => "S",
            State::Failed => "F",
            State::Superseded => "U",
            State::Cancelled => "C",
            State::Held => "H",
        },
        Err(refusal) => match refusal {
            Refusal::StaleReceipt => "s",
            Refusal::NotClaimable => "c",
            Refusal::AttemptUnderWay => "w",
            Refusal::AlreadyPending => "p",
            Refusal::Held => "h",
            Refusal::NotHeld => "n",
            Refusal::AlreadyEnded => "e",
            Refusal::NotLatest => "l",
            Refusal::ReferenceGone => "g",
        },
    }
}

#[test]
fn every_pair_of_state_and_event_is_decided() {
    for (state, expected) in MATRIX {
        let row: Vec<&str> = Event::ALL.into_iter().map(|event| letter(next(state, event))).collect();
        assert_eq!(row.join(" "), expected, "{state}");
    }
}

#[test]
fn the_table_names_each_pair_once() {
    for (position, one) in TRANSITIONS.iter().enumerate() {
        let same = |other: &Transition| other.from == one.from && other.event == one.event;
        assert!(!TRANSITIONS[position + 1..].iter().any(same), "{one:?}");
        // Every move has a reason, except claiming, succeeding and giving back, which keep the reason of queueing.
        let is_silent = (one.from == one.to && !one.raises_generation && one.event != Event::Snooze)
            || matches!(one.event, Event::Claimed | Event::Succeeded | Event::GiveBack);
        assert_eq!(one.reason.is_none(), is_silent, "{one:?}");
    }
}

#[test]
fn ended_hand_offs_change_only_by_reopening_or_retry() {
    for transition in TRANSITIONS.iter().filter(|transition| transition.from.is_terminal()) {
        let leaves = match transition.event {
            Event::EarlierHash | Event::Retry => true,
            Event::Reconfigured => transition.from != State::Cancelled,
            _ => false,
        };
        assert_eq!(transition.to != transition.from, leaves, "{transition:?}");
        assert_eq!(transition.raises_generation, leaves, "{transition:?}");
    }
    let raising = TRANSITIONS.iter().filter(|one| one.raises_generation && !one.from.is_terminal());
    assert!(raising.clone().all(|one| one.to == State::Pending));
    let of = |event| raising.clone().filter(|one| one.event == event).count();
    assert_eq!((of(Event::EarlierHash), of(Event::Reconfigured), raising.clone().count()), (4, 1, 5));
}

#[test]
fn words_round_trip() {
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(state));
        assert_eq!(MATRIX[state as usize].0, state);
    }
    for change in Change::ALL {
        assert_eq!(Change::parse(change.as_str()), Some(change));
        assert_eq!(change.reason().as_str(), change.as_str());
    }
    for reason in ReasonCode::ALL {
        assert_eq!(ReasonCode::parse(reason.as_str()), Some(reason));
    }
    for class in FailureClass::ALL {
        assert_eq!(FailureClass::parse(class.as_str()), Some(class));
        assert_eq!(class.policy().class, class);
    }
    assert_eq!(State::parse("Pending"), None);
}

#[test]
fn failures_follow_their_policy() {
    use FailureClass::{Lost, Permanent, Poison, Throttled, Transient};
    let cases = [
        (Transient, 1, Event::FailedWith(Transient)),
        (Transient, 9, Event::FailedWith(Transient)),
        (Transient, 10, Event::AttemptsExhausted),
        (Throttled, 10_000, Event::FailedWith(Throttled)),
        (Permanent, 1, Event::FailedWith(Permanent)),
        (Poison, 1, Event::FailedWith(Poison)),
        (Lost, 3, Event::FailedWith(Lost)),
        (Lost, 4, Event::FailedWith(Poison)),
    ];
    for (class, num_failures, event) in cases {
        assert_eq!(failure_event(class, num_failures), event, "{class} {num_failures}");
        let retries = next(State::Active, event).unwrap().to == State::Retrying;
        assert_eq!(backoff(class, num_failures, 0.5).is_some(), retries, "{class} {num_failures}");
    }
}

#[test]
fn backoff_doubles_up_to_its_cap() {
    let longest = |num_failures| backoff(FailureClass::Throttled, num_failures, 1.0).unwrap().as_secs();
    assert_eq!([1, 2, 3, 7, 8, u32::MAX].map(longest), [30, 60, 120, 1920, 3600, 3600]);
    assert_eq!(longest(0), 30);
    let transient = |jitter| backoff(FailureClass::Transient, 3, jitter).unwrap();
    assert_eq!(transient(0.25), SignedDuration::from_secs(5));
    assert_eq!(transient(f64::NAN), transient(1.0));
    assert_eq!(transient(-3.0), SignedDuration::ZERO);
}

#[test]
fn a_follow_up_replaces_a_retry() {
    let transient = Event::FailedWith(FailureClass::Transient);
    assert_eq!(end_attempt(transient, false).unwrap().to, State::Retrying);
    assert_eq!(end_attempt(transient, true).unwrap().to, State::Superseded);
    assert_eq!(end_attempt(Event::Succeeded, true).unwrap().to, State::Succeeded);
    assert_eq!(end_attempt(Event::AttemptsExhausted, true).unwrap().to, State::Failed);
    assert_eq!(end_attempt(Event::GiveBack, false).unwrap().to, State::Pending);
    assert_eq!(end_attempt(Event::GiveBack, true).unwrap().to, State::Superseded);
    assert_eq!(end_attempt(Event::Claimed, true), Err(Refusal::NotClaimable));
}

/// The hand-offs of one reference in one pipeline, driven like the store drives them.
#[derive(Default)]
struct Model {
    /// Hash → state and generation.
    rows: BTreeMap<u8, (State, u32)>,
    latest: Option<u8>,
    /// The attempt in progress: its hash and the generation of its receipt.
    attempt: Option<(u8, u32)>,
}

impl Model {
    fn apply(&mut self, hash: u8, event: Event) {
        let (state, generation) = self.rows[&hash];
        if let Ok(transition) = next(state, event) {
            self.rows.insert(hash, (transition.to, generation + u32::from(transition.raises_generation)));
        }
    }

    fn supersede_others(&mut self, hash: u8) {
        let others: Vec<u8> = self.rows.keys().copied().filter(|other| *other != hash).collect();
        for other in others {
            self.apply(other, Event::NewerVersion);
        }
    }

    fn enqueue(&mut self, hash: u8) {
        if self.latest == Some(hash) {
            return self.apply(hash, Event::SameHash);
        }
        self.supersede_others(hash);
        let is_new = !self.rows.contains_key(&hash);
        self.rows.entry(hash).or_insert((State::Pending, 1));
        if !is_new {
            self.apply(hash, Event::EarlierHash);
        }
        self.latest = Some(hash);
    }

    fn find(&self, wanted: impl Fn(State) -> bool) -> Option<u8> {
        self.rows.iter().find(|(_, (state, _))| wanted(*state)).map(|(hash, _)| *hash)
    }

    fn claim(&mut self) {
        if self.attempt.is_none()
            && let Some(hash) = self.find(|state| matches!(state, State::Pending | State::Retrying))
        {
            self.apply(hash, Event::Claimed);
            self.attempt = Some((hash, self.rows[&hash].1));
        }
    }

    /// Ends the attempt; a stale receipt leaves the rows unchanged.
    fn end(&mut self, event: Event) {
        if let Some((hash, generation)) = self.attempt.take()
            && self.rows[&hash].1 == generation
        {
            let ended = end_attempt(event, self.find(State::is_waiting).is_some()).unwrap();
            self.rows.insert(hash, (ended.to, generation));
        }
    }

    fn step(&mut self, event: Event, hash: u8) {
        match event {
            // The reference was removed or restored: its latest hash again, as a change of its own.
            Event::EarlierHash if self.latest == Some(hash) => {
                self.supersede_others(hash);
                self.apply(hash, event);
            }
            Event::SameHash | Event::NewerVersion | Event::EarlierHash => self.enqueue(hash),
            Event::Claimed => self.claim(),
            Event::Succeeded | Event::FailedWith(_) | Event::AttemptsExhausted | Event::GiveBack => {
                self.end(event);
            }
            Event::Retry | Event::Reconfigured if self.latest != Some(hash) => {}
            Event::Retry => {
                self.supersede_others(hash);
                self.apply(hash, event);
            }
            Event::Reconfigured | Event::Cancel | Event::Hold | Event::Release | Event::Snooze
                if self.rows.contains_key(&hash) =>
            {
                self.apply(hash, event);
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn invariants_hold_for_random_sequences(
        steps in proptest::collection::vec((proptest::sample::select(&Event::ALL[..]), 0..4_u8), 0..80)
    ) {
        let mut model = Model::default();
        for (event, hash) in steps {
            let before = model.rows.clone();
            model.step(event, hash);
            let count = |wanted: fn(State) -> bool| model.rows.values().filter(|(state, _)| wanted(*state)).count();
            prop_assert!(count(|state| state == State::Active) <= usize::from(model.attempt.is_some()));
            prop_assert!(count(State::is_waiting) <= 1, "{event:?}: {:?}", model.rows);
            prop_assert!(before.iter().all(|(hash, (_, generation))| model.rows[hash].1 >= *generation));
            // Work for the latest version is never lost to an earlier version.
            if let Some(latest) = model.latest {
                prop_assert_ne!(model.rows[&latest].0, State::Superseded);
            }
        }
        // With working workers and no more events, only an operator's hold keeps anything waiting.
        for _ in 0..4 {
            model.end(Event::Succeeded);
            model.claim();
        }
        prop_assert!(model.rows.values().all(|(state, _)| state.is_terminal() || *state == State::Held));
    }

    #[test]
    fn backoff_stays_within_its_bounds(class in proptest::sample::select(&FailureClass::ALL[..]),
        num_failures: u32, jitter: f64) {
        if let Some(delay) = backoff(class, num_failures, jitter) {
            prop_assert!(delay >= SignedDuration::ZERO && delay <= class.policy().max_delay);
        }
    }
}
