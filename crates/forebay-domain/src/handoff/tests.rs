//! The full matrix of states and events, the policies, and random sequences for one reference's hand-offs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// One row per state, one column per event of `Event::ALL`: the first letter of the state after (`U`: superseded), or
/// the refusal in lower case: `s` stale receipt, `c` not claimable, `w` attempt under way, `p` already pending,
/// `h` held, `n` not held, `e` already ended, `l` not latest.
const MATRIX: [(State, &str); 8] = [
    (State::Pending, "P U P P A s s s s s s s s C p H n P p"),
    (State::Active, "A A A A c S R R F F R F P w A w n w w"),
    (State::Retrying, "R U P R A s s s s s s s s C p H n R P"),
    (State::Succeeded, "S S P P c s s s s s s s s e e e n e P"),
    (State::Failed, "F F P P c s s s s s s s s e e e n e P"),
    (State::Superseded, "l U P l c s s s s s s s s l l l n l l"),
    (State::Cancelled, "C C P C c s s s s s s s s e e e n e P"),
    (State::Held, "H U P H c s s s s s s s s C h h P h h"),
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
    assert_eq!((of(Event::EarlierHash), raising.clone().count()), (3, 3));
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
    let end = |event, has_follow_up| end_attempt(event, has_follow_up, false);
    assert_eq!(end(transient, false).unwrap().to, State::Retrying);
    assert_eq!(end(transient, true).unwrap().to, State::Superseded);
    assert_eq!(end(Event::Succeeded, true).unwrap().to, State::Succeeded);
    assert_eq!(end(Event::AttemptsExhausted, true).unwrap().to, State::Failed);
    assert_eq!(end(Event::GiveBack, false).unwrap().to, State::Pending);
    assert_eq!(end(Event::GiveBack, true).unwrap().to, State::Superseded);
    assert_eq!(end(Event::Claimed, true), Err(Refusal::NotClaimable));
}

#[test]
fn a_cancelled_attempt_is_cancelled_unless_it_has_ended_for_good() {
    for has_follow_up in [false, true] {
        let end = |event| end_attempt(event, has_follow_up, true).unwrap();
        for class in [FailureClass::Transient, FailureClass::Throttled, FailureClass::Lost] {
            assert_eq!(end(Event::FailedWith(class)).to, State::Cancelled, "{class}");
        }
        let given_back = end(Event::GiveBack);
        assert_eq!((given_back.to, given_back.reason), (State::Cancelled, Some(ReasonCode::Cancelled)));
        assert_eq!(end(Event::Succeeded).to, State::Succeeded);
        assert_eq!(end(Event::FailedWith(FailureClass::Permanent)).to, State::Failed);
    }
}

/// One content of a reference, open or settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    hash: u8,
    generation: u32,
    state: State,
}

/// The hand-offs of one reference in one pipeline, driven like the store drives them.
#[derive(Debug, Default)]
struct Model {
    /// What is open; active while a worker holds it.
    open: Option<Life>,
    /// Whether an operator has cancelled the attempt.
    is_cancelled: bool,
    /// Its follow-up.
    follow_up: Option<Life>,
    outcomes: BTreeMap<u8, Life>,
    latest: Option<u8>,
    /// The contents and generations that were claimed.
    claimed: BTreeSet<(u8, u32)>,
}

impl Model {
    /// The content wherever it is; an attempt's own follow-up hides the attempt.
    fn find(&self, hash: u8) -> Option<Life> {
        let open = self.follow_up.into_iter().chain(self.open).find(|life| life.hash == hash);
        open.or_else(|| self.outcomes.get(&hash).copied())
    }

    fn settle(&mut self, life: Life, state: State) {
        assert!(
            self.outcomes.insert(life.hash, Life { state, ..life }).is_none(),
            "{life:?} was settled already"
        );
    }

    /// Settles content that other content replaces.
    fn supersede(&mut self, replaced: Option<Life>) {
        if let Some(life) = replaced {
            self.settle(life, next(life.state, Event::NewerVersion).unwrap().to);
        }
    }

    fn hand_off(&mut self, hash: u8) {
        let generation = 1 + self.find(hash).map_or(0, |life| life.generation);
        assert!(!self.claimed.contains(&(hash, generation)), "generation {generation} was claimed already");
        self.outcomes.remove(&hash);
        let content = Life { hash, generation, state: State::Pending };
        if let Some(active) = self.open.filter(|life| life.state == State::Active) {
            let replaced = self.follow_up.replace(content);
            self.supersede(replaced.filter(|life| life.hash != hash && life.hash != active.hash));
        } else {
            let replaced = self.open.replace(content);
            self.supersede(replaced.filter(|life| life.hash != hash));
        }
    }

    fn claim(&mut self) {
        if let Some(life) = &mut self.open
            && let Ok(transition) = next(life.state, Event::Claimed)
        {
            life.state = transition.to;
            self.claimed.insert((life.hash, life.generation));
        }
    }

    fn end(&mut self, event: Event) {
        let Some(active) = self.open.filter(|life| life.state == State::Active) else { return };
        let is_cancelled = std::mem::take(&mut self.is_cancelled);
        let ended = end_attempt(event, self.follow_up.is_some(), is_cancelled).unwrap();
        self.open = None;
        if ended.to.is_waiting() {
            self.open = Some(Life { state: ended.to, ..active });
        } else if self.follow_up.is_none_or(|life| life.hash != active.hash) {
            self.settle(active, ended.to);
        }
        match self.follow_up.take() {
            Some(life) if life.state.is_terminal() => self.settle(life, life.state),
            Some(life) => self.open = Some(life),
            None => {}
        }
    }

    /// An event from outside for the hand-off of one content.
    fn operate(&mut self, event: Event, hash: u8) {
        let Some(life) = self.find(hash) else { return };
        let Ok(transition) = next(life.state, event) else { return };
        self.is_cancelled |= event == Event::CancelRunning;
        let is_own_follow_up = event == Event::Reconfigured && life.state == State::Active;
        if transition.raises_generation || is_own_follow_up {
            return self.hand_off(hash);
        }
        if transition.to == State::Cancelled && self.open == Some(life) {
            self.open = None;
            return self.settle(life, transition.to);
        }
        // Settled content and an attempt stay as they are.
        let place = if self.follow_up == Some(life) { &mut self.follow_up } else { &mut self.open };
        if let Some(place) = place.as_mut().filter(|place| **place == life) {
            place.state = transition.to;
        }
    }

    fn step(&mut self, event: Event, hash: u8) {
        match event {
            Event::SameHash | Event::NewerVersion if self.latest == Some(hash) => {}
            // Also if the reference was removed or restored: its latest hash again, as a change of its own.
            Event::SameHash | Event::NewerVersion | Event::EarlierHash => {
                self.hand_off(hash);
                self.latest = Some(hash);
            }
            Event::Claimed => self.claim(),
            Event::Succeeded | Event::FailedWith(_) | Event::AttemptsExhausted | Event::GiveBack => {
                self.end(event);
            }
            Event::Reconfigured | Event::Retry if self.latest != Some(hash) => {}
            Event::Reconfigured
            | Event::Retry
            | Event::Cancel
            | Event::CancelRunning
            | Event::Hold
            | Event::Release
            | Event::Snooze => self.operate(event, hash),
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
            let before: Vec<u8> = (0..4).filter(|hash| model.find(*hash).is_some()).collect();
            model.step(event, hash);
            // Nothing that was handed off vanishes, and what is open is not settled as well.
            prop_assert!(before.iter().all(|hash| model.find(*hash).is_some()), "{event:?}: {model:?}");
            for life in model.open.iter().chain(&model.follow_up) {
                prop_assert!(!model.outcomes.contains_key(&life.hash), "{event:?}: {model:?}");
            }
            prop_assert!(model.outcomes.values().all(|life| life.state.is_terminal()));
            let is_active = model.open.is_some_and(|life| life.state == State::Active);
            prop_assert!(is_active || model.follow_up.is_none(), "{event:?}: {model:?}");
            // Work for the latest version is never lost to an earlier version.
            let latest = model.latest.and_then(|hash| model.find(hash));
            prop_assert!(latest.is_none_or(|life| life.state != State::Superseded), "{event:?}: {model:?}");
        }
        // With working workers and no more events, only an operator's hold keeps anything waiting.
        for _ in 0..4 {
            model.end(Event::Succeeded);
            model.claim();
        }
        prop_assert!(model.open.is_none_or(|life| life.state == State::Held), "{model:?}");
    }

    #[test]
    fn backoff_stays_within_its_bounds(class in proptest::sample::select(&FailureClass::ALL[..]),
        num_failures: u32, jitter: f64) {
        if let Some(delay) = backoff(class, num_failures, jitter) {
            prop_assert!(delay >= SignedDuration::ZERO && delay <= class.policy().max_delay);
        }
    }
}
