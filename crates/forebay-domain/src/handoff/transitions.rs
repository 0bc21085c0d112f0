//! What may happen to a hand-off: the table of transitions, and why everything else is refused.
//!
//! A pair of state and event is in the table once or is refused with a code. The tests hold the whole matrix, so a
//! change here is a change there, and in the check constraints.

use thiserror::Error;

use super::words::{FailureClass, ReasonCode, State};

/// What happens to one hand-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The reference is handed off with the hash that it already had last, and with nothing else new.
    SameHash,
    /// Another hash of the reference is queued; the event reaches every other hand-off of it in the pipeline.
    NewerVersion,
    /// The reference went back to this hand-off's hash after it had another, or it was removed or restored, which
    /// leaves the hash as it was; then the change's own word ([`Change::reason`](super::Change::reason)) takes the
    /// place of the reason in the table.
    EarlierHash,
    /// The pipeline's settings changed, so it ingests all that references have now once more. Only for the hand-off of
    /// what a reference has now; earlier ones are refused or left as they are.
    Reconfigured,
    /// A worker takes it.
    Claimed,
    /// The attempt ingested it.
    Succeeded,
    /// The attempt failed, and the policy still grants another where the class has any; see
    /// [`failure_event`](super::failure_event).
    FailedWith(FailureClass),
    /// The attempt failed, and it was the last that the policy grants.
    AttemptsExhausted,
    /// The worker gives its lease back without having tried: it is stopping, or has claimed more than it can do.
    GiveBack,
    /// An operator calls it off.
    Cancel,
    /// An operator or a guard sets it aside.
    Hold,
    /// An operator lets a held one go.
    Release,
    /// An operator puts it off; until when is the job's, not the state's.
    Snooze,
    /// An operator wants it ingested now, or once more. Whoever sends it must know that no newer version exists
    /// (else [`Refusal::NotLatest`]), and send [`Event::NewerVersion`] to others that wait.
    Retry,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 18] = [
        Self::SameHash,
        Self::NewerVersion,
        Self::EarlierHash,
        Self::Reconfigured,
        Self::Claimed,
        Self::Succeeded,
        Self::FailedWith(FailureClass::Transient),
        Self::FailedWith(FailureClass::Throttled),
        Self::FailedWith(FailureClass::Permanent),
        Self::FailedWith(FailureClass::Poison),
        Self::FailedWith(FailureClass::Lost),
        Self::AttemptsExhausted,
        Self::GiveBack,
        Self::Cancel,
        Self::Hold,
        Self::Release,
        Self::Snooze,
        Self::Retry,
    ];
}

/// One row of [`TRANSITIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: State,
    /// What happens.
    pub event: Event,
    /// The state after; the same as `from` where the event is accepted and changes nothing.
    pub to: State,
    /// The new reason code; `None` keeps the one that is there.
    pub reason: Option<ReasonCode>,
    /// Whether a new life begins: the generation goes up, and failures are counted from zero.
    pub raises_generation: bool,
}

const fn stays(from: State, event: Event) -> Transition {
    Transition { from, event, to: from, reason: None, raises_generation: false }
}

const fn moves(from: State, event: Event, to: State) -> Transition {
    Transition { from, event, to, reason: None, raises_generation: false }
}

const fn because(from: State, event: Event, to: State, reason: ReasonCode) -> Transition {
    Transition { from, event, to, reason: Some(reason), raises_generation: false }
}

const fn reopens(from: State, event: Event, reason: ReasonCode) -> Transition {
    Transition { from, event, to: State::Pending, reason: Some(reason), raises_generation: true }
}

/// Everything that may happen to a hand-off. What is not here is refused.
pub const TRANSITIONS: &[Transition] = &[
    stays(State::Pending, Event::SameHash),
    because(State::Pending, Event::NewerVersion, State::Superseded, ReasonCode::NewerVersion),
    reopens(State::Pending, Event::EarlierHash, ReasonCode::Reopened),
    // What waits will be ingested under the new settings anyway.
    stays(State::Pending, Event::Reconfigured),
    moves(State::Pending, Event::Claimed, State::Active),
    because(State::Pending, Event::Cancel, State::Cancelled, ReasonCode::Cancelled),
    because(State::Pending, Event::Hold, State::Held, ReasonCode::Held),
    because(State::Pending, Event::Snooze, State::Pending, ReasonCode::Snoozed),
    // The attempt goes on whatever comes in; a newer version waits for it to end.
    stays(State::Active, Event::SameHash),
    stays(State::Active, Event::NewerVersion),
    // What the attempt ingests may be outdated by now. It goes on with a receipt that is stale, so it cannot close the
    // hand-off, which is its own follow-up.
    reopens(State::Active, Event::EarlierHash, ReasonCode::Reopened),
    // Likewise: the attempt may have read the old settings.
    reopens(State::Active, Event::Reconfigured, ReasonCode::Reconfigured),
    moves(State::Active, Event::Succeeded, State::Succeeded),
    failed(FailureClass::Transient, State::Retrying, ReasonCode::Transient),
    failed(FailureClass::Throttled, State::Retrying, ReasonCode::Throttled),
    failed(FailureClass::Lost, State::Retrying, ReasonCode::LeaseLost),
    failed(FailureClass::Permanent, State::Failed, ReasonCode::Permanent),
    failed(FailureClass::Poison, State::Failed, ReasonCode::Poison),
    because(State::Active, Event::AttemptsExhausted, State::Failed, ReasonCode::AttemptsExhausted),
    moves(State::Active, Event::GiveBack, State::Pending),
    stays(State::Retrying, Event::SameHash),
    because(State::Retrying, Event::NewerVersion, State::Superseded, ReasonCode::NewerVersion),
    reopens(State::Retrying, Event::EarlierHash, ReasonCode::Reopened),
    stays(State::Retrying, Event::Reconfigured),
    moves(State::Retrying, Event::Claimed, State::Active),
    because(State::Retrying, Event::Cancel, State::Cancelled, ReasonCode::Cancelled),
    because(State::Retrying, Event::Hold, State::Held, ReasonCode::Held),
    because(State::Retrying, Event::Snooze, State::Retrying, ReasonCode::Snoozed),
    because(State::Retrying, Event::Retry, State::Pending, ReasonCode::Retried),
    stays(State::Held, Event::SameHash),
    because(State::Held, Event::NewerVersion, State::Superseded, ReasonCode::NewerVersion),
    reopens(State::Held, Event::EarlierHash, ReasonCode::Reopened),
    stays(State::Held, Event::Reconfigured),
    because(State::Held, Event::Cancel, State::Cancelled, ReasonCode::Cancelled),
    because(State::Held, Event::Release, State::Pending, ReasonCode::Released),
    stays(State::Succeeded, Event::SameHash),
    stays(State::Succeeded, Event::NewerVersion),
    reopens(State::Succeeded, Event::EarlierHash, ReasonCode::Reopened),
    reopens(State::Succeeded, Event::Reconfigured, ReasonCode::Reconfigured),
    reopens(State::Succeeded, Event::Retry, ReasonCode::Retried),
    stays(State::Failed, Event::SameHash),
    stays(State::Failed, Event::NewerVersion),
    reopens(State::Failed, Event::EarlierHash, ReasonCode::Reopened),
    // What was wrong may have been the settings.
    reopens(State::Failed, Event::Reconfigured, ReasonCode::Reconfigured),
    reopens(State::Failed, Event::Retry, ReasonCode::Retried),
    // No `SameHash` here: what was superseded is not the latest, so its hash coming again is `EarlierHash`.
    stays(State::Superseded, Event::NewerVersion),
    reopens(State::Superseded, Event::EarlierHash, ReasonCode::Reopened),
    stays(State::Cancelled, Event::SameHash),
    stays(State::Cancelled, Event::NewerVersion),
    reopens(State::Cancelled, Event::EarlierHash, ReasonCode::Reopened),
    // Called off for its content, which is still the same.
    stays(State::Cancelled, Event::Reconfigured),
    reopens(State::Cancelled, Event::Retry, ReasonCode::Retried),
];

const fn failed(class: FailureClass, to: State, reason: ReasonCode) -> Transition {
    because(State::Active, Event::FailedWith(class), to, reason)
}

/// Why an event does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Refusal {
    /// The attempt that reports is no longer the one that holds the hand-off.
    #[error("the receipt is stale: this hand-off is not active under it any more")]
    StaleReceipt,
    /// Nothing to claim.
    #[error("the hand-off is not waiting to be claimed")]
    NotClaimable,
    /// A worker has it.
    #[error("an attempt is under way; wait for it, or for its lease to end")]
    AttemptUnderWay,
    /// It waits already.
    #[error("the hand-off is already pending")]
    AlreadyPending,
    /// It is held.
    #[error("the hand-off is held; release it first")]
    Held,
    /// It is not held.
    #[error("the hand-off is not held")]
    NotHeld,
    /// It ended.
    #[error("the hand-off has ended; retry it to open it again")]
    AlreadyEnded,
    /// A newer version exists.
    #[error("a newer version of the reference is handed off; act on that one")]
    NotLatest,
}

impl Refusal {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::StaleReceipt => "stale_receipt",
            Self::NotClaimable => "not_claimable",
            Self::AttemptUnderWay => "attempt_under_way",
            Self::AlreadyPending => "already_pending",
            Self::Held => "held",
            Self::NotHeld => "not_held",
            Self::AlreadyEnded => "already_ended",
            Self::NotLatest => "not_latest",
        }
    }
}

/// What an event does to a hand-off in a state, or why nothing.
pub fn next(state: State, event: Event) -> Result<&'static Transition, Refusal> {
    TRANSITIONS
        .iter()
        .find(|transition| transition.from == state && transition.event == event)
        .ok_or_else(|| refusal(state, event))
}

/// How an active hand-off goes on when its attempt ends with `event`. With a follow-up queued there is no other
/// attempt: the newer version takes its place, so a failure that would be retried, or a lease given back, ends in
/// superseded.
pub fn end_attempt(event: Event, has_follow_up: bool) -> Result<&'static Transition, Refusal> {
    let ended = next(State::Active, event)?;
    if has_follow_up && ended.to.is_waiting() { next(ended.to, Event::NewerVersion) } else { Ok(ended) }
}

/// Names the refusal for a pair that is not in the table.
const fn refusal(state: State, event: Event) -> Refusal {
    match event {
        Event::Succeeded | Event::FailedWith(_) | Event::AttemptsExhausted | Event::GiveBack => {
            Refusal::StaleReceipt
        }
        Event::Claimed => Refusal::NotClaimable,
        Event::Release => Refusal::NotHeld,
        Event::SameHash | Event::NewerVersion | Event::EarlierHash | Event::Reconfigured => {
            Refusal::NotLatest
        }
        Event::Cancel | Event::Hold | Event::Snooze | Event::Retry => match state {
            State::Active => Refusal::AttemptUnderWay,
            State::Held => Refusal::Held,
            State::Pending | State::Retrying => Refusal::AlreadyPending,
            State::Superseded => Refusal::NotLatest,
            State::Succeeded | State::Failed | State::Cancelled => Refusal::AlreadyEnded,
        },
    }
}
