//! The transitions of a hand-off, and why every other event is refused.
//!
//! Each pair of state and event is either in the table once or refused with a code. The tests contain the full matrix,
//! so change them, and the check constraints, together with the table.

use super::words::{FailureClass, ReasonCode, State};

/// An event for one hand-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The reference is handed off with its latest hash, and nothing else is new.
    SameHash,
    /// Another hash of the reference is handed off; the content that is open and its follow-up get this event.
    NewerVersion,
    /// The reference returned to this hand-off's hash after having another, or it was removed or restored with the same
    /// hash. In the latter case the change's own word ([`Change::reason`](super::Change::reason)) replaces the reason
    /// in the table.
    EarlierHash,
    /// The pipeline's settings changed, so it ingests all current content again. Only for the hand-off of a reference's
    /// current content; earlier ones are refused or stay unchanged.
    Reconfigured,
    /// A worker claims it.
    Claimed,
    /// The attempt succeeded.
    Succeeded,
    /// The attempt failed. If its class is limited, the policy still allows another one; see
    /// [`failure_event`](super::failure_event).
    FailedWith(FailureClass),
    /// The attempt failed, and the policy allows no other.
    AttemptsExhausted,
    /// The worker returns its lease without an attempt: it is stopping, or has claimed more than it can process.
    GiveBack,
    /// An operator cancels it.
    Cancel,
    /// An operator cancels the attempt in progress. Its worker is told, and how the attempt ends decides.
    CancelRunning,
    /// An operator or a guard holds it.
    Hold,
    /// An operator releases it.
    Release,
    /// An operator postpones it; the row stores until when. Not for a follow-up: its worker decides when it begins.
    Snooze,
    /// An operator wants it ingested now, or again. The sender must check that no newer version exists (else
    /// [`Refusal::NotLatest`]), and send [`Event::NewerVersion`] to other waiting hand-offs.
    Retry,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 19] = [
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
        Self::CancelRunning,
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
    /// The event.
    pub event: Event,
    /// The state after; the same as `from` if the event is accepted without effect.
    pub to: State,
    /// The new reason code; `None` keeps the current one.
    pub reason: Option<ReasonCode>,
    /// Whether the generation is raised and failures are counted from zero.
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

/// All allowed transitions. Every other pair is refused.
pub const TRANSITIONS: &[Transition] = &[
    stays(State::Pending, Event::SameHash),
    because(State::Pending, Event::NewerVersion, State::Superseded, ReasonCode::NewerVersion),
    reopens(State::Pending, Event::EarlierHash, ReasonCode::Reopened),
    // Waiting hand-offs will be ingested with the new settings anyway.
    stays(State::Pending, Event::Reconfigured),
    moves(State::Pending, Event::Claimed, State::Active),
    because(State::Pending, Event::Cancel, State::Cancelled, ReasonCode::Cancelled),
    because(State::Pending, Event::Hold, State::Held, ReasonCode::Held),
    because(State::Pending, Event::Snooze, State::Pending, ReasonCode::Snoozed),
    // The attempt continues; a newer version waits for its end.
    stays(State::Active, Event::SameHash),
    stays(State::Active, Event::NewerVersion),
    // The attempt may be ingesting outdated content, or with old settings. It goes on, and the content becomes its own
    // follow-up: pending, with a raised generation.
    stays(State::Active, Event::EarlierHash),
    stays(State::Active, Event::Reconfigured),
    stays(State::Active, Event::CancelRunning),
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
    // The old settings may have caused the failure.
    reopens(State::Failed, Event::Reconfigured, ReasonCode::Reconfigured),
    reopens(State::Failed, Event::Retry, ReasonCode::Retried),
    // No `SameHash` here: a superseded hash is not the latest, so seeing it again is `EarlierHash`.
    stays(State::Superseded, Event::NewerVersion),
    reopens(State::Superseded, Event::EarlierHash, ReasonCode::Reopened),
    stays(State::Cancelled, Event::SameHash),
    stays(State::Cancelled, Event::NewerVersion),
    reopens(State::Cancelled, Event::EarlierHash, ReasonCode::Reopened),
    // It was cancelled because of its content, which is the same.
    stays(State::Cancelled, Event::Reconfigured),
    reopens(State::Cancelled, Event::Retry, ReasonCode::Retried),
];

const fn failed(class: FailureClass, to: State, reason: ReasonCode) -> Transition {
    because(State::Active, Event::FailedWith(class), to, reason)
}

crate::words! {
    /// Why an event or an operation was refused.
    pub enum Refusal {
        /// The reporting attempt no longer owns the hand-off.
        StaleReceipt = "stale_receipt",
        /// It is not waiting to be claimed.
        NotClaimable = "not_claimable",
        /// A worker is processing it.
        AttemptUnderWay = "attempt_under_way",
        /// It is already waiting.
        AlreadyPending = "already_pending",
        /// It is held.
        Held = "held",
        /// It is not held.
        NotHeld = "not_held",
        /// It has ended.
        AlreadyEnded = "already_ended",
        /// A newer version exists.
        NotLatest = "not_latest",
        /// The reference was permanently deleted.
        ReferenceGone = "reference_gone",
    }
}

impl Refusal {
    /// The reason as a sentence, and what to do instead.
    pub const fn message(self) -> &'static str {
        match self {
            Self::StaleReceipt => "the receipt is stale: the hand-off is no longer active under it",
            Self::NotClaimable => "the hand-off is not waiting to be claimed",
            Self::AttemptUnderWay => "an attempt is in progress; wait until it ends or its lease expires",
            Self::AlreadyPending => "the hand-off is already waiting for a worker",
            Self::Held => "the hand-off is held; release it first",
            Self::NotHeld => "the hand-off is not held",
            Self::AlreadyEnded => "the hand-off has ended; retry it to open it again",
            Self::NotLatest => "the pipeline was given a newer version of the reference; select that one",
            Self::ReferenceGone => "the reference was permanently deleted",
        }
    }
}

/// The transition for an event in a state, or why it is refused.
pub fn next(state: State, event: Event) -> Result<&'static Transition, Refusal> {
    TRANSITIONS
        .iter()
        .find(|transition| transition.from == state && transition.event == event)
        .ok_or_else(|| refusal(state, event))
}

/// The transition of an active hand-off when its attempt ends with `event`. If there is a follow-up, even a held or
/// cancelled one, there is no other attempt: a failure that would be retried, or a returned lease, ends as superseded.
/// If the follow-up is the same content, its state counts instead of this one, which is not written. If the attempt was
/// cancelled, it ends as cancelled instead, unless it succeeded or failed for good before the worker stopped.
pub fn end_attempt(
    event: Event,
    has_follow_up: bool,
    is_cancelled: bool,
) -> Result<&'static Transition, Refusal> {
    let ended = next(State::Active, event)?;
    match ended.to.is_waiting() {
        true if is_cancelled => next(ended.to, Event::Cancel),
        true if has_follow_up => next(ended.to, Event::NewerVersion),
        _ => Ok(ended),
    }
}

/// The refusal for a pair that is not in the table.
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
        Event::Cancel | Event::CancelRunning | Event::Hold | Event::Snooze | Event::Retry => match state {
            State::Active => Refusal::AttemptUnderWay,
            State::Held => Refusal::Held,
            State::Pending | State::Retrying => Refusal::AlreadyPending,
            State::Superseded => Refusal::NotLatest,
            State::Succeeded | State::Failed | State::Cancelled => Refusal::AlreadyEnded,
        },
    }
}
