//! The configurations of the model: its bounds, the behaviour of workers and target, and the rules that may be removed.

use forebay_domain::handoff::{Event, FailureClass, POLICIES, failure_event};

/// A removed rule, to see that the checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Every report is accepted.
    NoReceiptCheck,
    /// What a rescue has freed can still be reported under the lost receipt.
    RescueKeepsReceipt,
    /// What is open is claimed although another worker holds it.
    ClaimIgnoresReceipt,
    /// What is held is claimed.
    ClaimTakesHeld,

    /// The end of an attempt drops the follow-up.
    FollowUpDropped,
    /// The end of an attempt takes up a held follow-up as if it were pending.
    FollowUpUnchecked,
    /// The end of an attempt takes up a cancelled follow-up as well.
    CancelledTakenUp,
    /// The end of an attempt retries its content although there is a follow-up.
    RetryDespiteFollowUp,
    /// The end of an attempt settles its content although its follow-up is the same content.
    OwnContentSettled,

    /// Handing off overwrites what is claimed.
    EnqueueTurnsClaimed,
    /// Handing off leaves claimed content alone if it is the same: it does not become its own follow-up.
    OwnContentLeftAlone,
    /// Handing off does not lock what is open, and writes according to what was open before.
    OpenNotLocked,
    /// Handing off keeps the outcome of its content.
    OutcomeKept,
    /// Handing off settled content does not raise its generation.
    GenerationKept,
    /// Handing off does not look for the generation of its content in what is open.
    OpenGenerationForgotten,
    /// What waited and is superseded gets no outcome.
    SupersededForgotten,
    /// A follow-up that is replaced gets no outcome.
    ReplacedForgotten,
    /// A follow-up that is replaced is settled although the attempt has the same content.
    ReplacedOwnSettled,

    /// Operators do not wait for a transaction that is handing off the reference.
    OperatorDoesNotWait,
    /// Holding or cancelling the follow-up removes it from the row.
    FollowUpForgotten,
    /// Holding or cancelling an attempt's own follow-up also holds or cancels the attempt.
    OperatorTurnsClaimed,
    /// The end of an attempt forgets that an operator has cancelled it.
    CancelForgotten,
    /// Cancelling an attempt takes its claim away at once.
    CancelTakesClaim,
    /// A retry hands off settled content although there is newer content.
    RetryIgnoresNewer,
}

/// When a worker reads the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// At the claim, however much later the effect is.
    AtClaim,
    /// Together with the effect.
    AtEffect,
}

/// A configuration: bounds, the behaviour of workers and target, and the removed rule, if any.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub(super) struct Config {
    pub(super) num_hashes: u8,
    pub(super) num_workers: usize,
    /// The length of a lease, in ticks.
    pub(super) lease: u8,
    pub(super) max_persisted: u8,
    pub(super) max_operated: u8,
    pub(super) reads: Reads,
    /// Whether the target keeps the newer of two versions instead of the last one received.
    pub(super) target_compares: bool,
    /// Whether every worker reports before its lease ends, without crashing or failing halfway.
    pub(super) is_punctual: bool,
    /// Whether reports are sent again because their answer was lost.
    pub(super) sends_again: bool,
    pub(super) counts_effects: bool,
    pub(super) flaw: Option<Flaw>,
}

/// The event of a failure. Failures are not counted here, so the last one allowed can come at any time.
pub(super) fn failed(class: FailureClass, is_last: bool) -> Event {
    let most = POLICIES.iter().find(|policy| policy.class == class).and_then(|policy| policy.max_failures);
    failure_event(class, if is_last { most.unwrap_or(1) } else { 1 })
}
