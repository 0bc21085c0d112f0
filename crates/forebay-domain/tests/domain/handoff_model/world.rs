//! One reference in one pipeline, as seen by the database, its workers and the target, and the steps of workers.
//!
//! The states of hand-offs come only from the rules: every change goes through [`next`] or [`end_attempt`]. This file
//! adds what the statements do around the rules: the open row with its receipt, lease and follow-up, and the outcomes.
//! Keep it in step with the SQL: `forebay_private.claim`, `end_attempts` and `rescue_jobs`.
//!
//! The clock counts down and receipts are renumbered after each step, so equivalent states are equal. That keeps their
//! number finite without limiting ticks, claims and crashes.

use forebay_domain::handoff::{Event, State, end_attempt, next};

use super::config::{Config, Flaw};

/// Maximum number of contents of a reference.
pub(super) const MAX_HASHES: usize = 3;

/// A content that is open, or that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Life {
    pub(super) hash: u8,
    pub(super) generation: u8,
    pub(super) state: State,
}

/// The row of what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Open {
    /// With a receipt it is active, whatever its state says.
    pub(super) life: Life,
    pub(super) receipt: Option<u8>,
    /// An operator has cancelled the attempt.
    pub(super) is_cancelled: bool,
    /// Ticks until the lease ends.
    pub(super) lease: u8,
    /// Ticks until it is due.
    pub(super) wait: u8,
    /// The follow-up.
    pub(super) next: Option<Life>,
}

/// The progress of a worker with its claim. It may pause anywhere, for any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Phase {
    Claimed,
    /// The target has the content, but nothing is reported.
    Effected,
    /// A report was accepted, but its answer may have been lost, so it may be sent again.
    Reported,
}

/// A worker that has claimed what is open. Workers without a claim are equivalent and not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Attempt {
    pub(super) phase: Phase,
    pub(super) receipt: u8,
    /// The content and generation to ingest, if effects are counted.
    pub(super) effect: Option<(u8, u8)>,
    /// Whether the content it read is still the reference's.
    pub(super) has_current: bool,
    /// Known to the checker, not to the database: the worker has lost its claim.
    pub(super) is_lost: bool,
}

/// Events that must never happen; no steps follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// A report was accepted from a worker that had lost its claim.
    StaleAccepted,
    /// A second report under one receipt was accepted.
    AcceptedTwice,
    /// A worker claimed a hand-off that does not wait.
    ClaimedUnasked,
    /// A row was inserted although its table had one with the same key.
    KeyTaken,
}

/// An unfinished transaction that hands off: it has locked what is open, and has written nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Persisting {
    pub(super) hash: u8,
    /// What was open when it was locked.
    pub(super) seen: Option<Open>,
}

/// The complete state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct World {
    pub(super) open: Option<Open>,
    /// How each content ended.
    pub(super) outcomes: [Option<Life>; MAX_HASHES],
    /// The reference's current content.
    pub(super) latest: Option<u8>,
    pub(super) workers: Vec<Attempt>,
    /// Whether the target has the reference's content, read after the last hand-off.
    pub(super) target_is_current: bool,
    /// Known to the checker, not to the database: the contents that were handed off.
    pub(super) was_handed_off: [bool; MAX_HASHES],
    /// Likewise: whether an operator has held or cancelled what waited, and nothing was handed off or released since.
    pub(super) is_stopped: bool,
    /// The contents and generations that had an effect, if effects are counted.
    pub(super) effects: Vec<(u8, u8)>,
    pub(super) had_effect_twice: bool,
    pub(super) persisting: Option<Persisting>,
    pub(super) num_persisted: u8,
    pub(super) num_operated: u8,
    pub(super) fault: Option<Fault>,
}

impl Open {
    /// Content that waits for a worker or an operator.
    pub(super) const fn waiting(life: Life) -> Self {
        Self { life, receipt: None, is_cancelled: false, lease: 0, wait: 0, next: None }
    }
}

impl World {
    /// The state of a content, as the view `forebay.handoffs` shows it. An attempt's own follow-up hides the attempt.
    pub(super) fn state(&self, hash: u8) -> Option<State> {
        let follow_up = self.open.and_then(|open| open.next).filter(|next| next.hash == hash);
        let open = self.open.filter(|open| open.life.hash == hash);
        let open = open.map(|open| if open.receipt.is_some() { State::Active } else { open.life.state });
        let outcome = self.outcomes[usize::from(hash)].map(|outcome| outcome.state);
        follow_up.map(|next| next.state).or(open).or(outcome)
    }

    pub(super) fn latest_state(&self) -> Option<State> {
        self.latest.and_then(|hash| self.state(hash))
    }

    /// All contents that have a state.
    pub(super) fn states(&self) -> impl Iterator<Item = (u8, State)> {
        (0..).zip(self.outcomes).filter_map(|(hash, _)| self.state(hash).map(|state| (hash, state)))
    }

    pub(super) fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Writes the outcome of a content.
    pub(super) fn settle(&mut self, life: Life, state: State) {
        if self.outcomes[usize::from(life.hash)].replace(Life { state, ..life }).is_some() {
            self.fail(Fault::KeyTaken);
        }
    }

    /// Whether what is open is locked; workers don't wait for locks.
    pub(super) fn is_busy(&self, config: &Config) -> bool {
        let is_open = self.persisting.is_some_and(|persisting| persisting.seen.is_some());
        is_open && config.flaw != Some(Flaw::OpenNotLocked)
    }

    pub(super) fn can_claim(&self, config: &Config) -> bool {
        !self.is_busy(config)
            && self.open.is_some_and(|open| {
                open.wait == 0
                    && (open.receipt.is_none() || config.flaw == Some(Flaw::ClaimIgnoresReceipt))
                    && (open.life.state != State::Held || config.flaw == Some(Flaw::ClaimTakesHeld))
            })
    }

    /// A worker claims what is open under a new receipt. Only that is written; the state stays.
    pub(super) fn claim(&mut self, config: &Config) {
        let Some(open) = self.open else { return };
        if open.receipt.is_none() && (self.is_stopped || next(open.life.state, Event::Claimed).is_err()) {
            self.fail(Fault::ClaimedUnasked);
        }
        let receipt = self.workers.iter().map(|worker| worker.receipt + 1).max().unwrap_or(0);
        self.open = Some(Open { receipt: Some(receipt), lease: config.lease, ..open });
        self.workers.push(Attempt {
            phase: Phase::Claimed,
            receipt,
            effect: config.counts_effects.then_some((open.life.hash, open.life.generation)),
            has_current: true,
            is_lost: false,
        });
    }

    /// Whether what is open is claimed by this worker.
    pub(super) fn holds_claim(&self, attempt: Attempt) -> bool {
        self.open.is_some_and(|open| open.receipt == Some(attempt.receipt))
    }

    /// Whether a report of this worker would be accepted now.
    pub(super) fn accepts(&self, config: &Config, attempt: Attempt) -> bool {
        let takes_any = config.flaw == Some(Flaw::NoReceiptCheck);
        self.holds_claim(attempt) || (takes_any && self.open.is_some())
    }

    /// Ends the attempt that claimed what is open.
    pub(super) fn end(&mut self, config: &Config, event: Event) {
        let Some(open) = self.open.take() else { return };
        let is_followed = open.next.is_some() && config.flaw != Some(Flaw::RetryDespiteFollowUp);
        let is_cancelled = open.is_cancelled && config.flaw != Some(Flaw::CancelForgotten);
        let Ok(ended) = end_attempt(event, is_followed, is_cancelled) else { return };
        // Its own follow-up decides how the content ends.
        let is_own = open.next.is_some_and(|next| next.hash == open.life.hash);
        if ended.to.is_terminal() && (!is_own || config.flaw == Some(Flaw::OwnContentSettled)) {
            self.settle(open.life, ended.to);
        }
        let again = Open {
            wait: u8::from(ended.to == State::Retrying),
            ..Open::waiting(Life { state: ended.to, ..open.life })
        };
        self.open = match open.next {
            Some(_) if config.flaw == Some(Flaw::FollowUpDropped) => None,
            next if ended.to.is_waiting() => Some(Open { next, ..again }),
            Some(next) if next.state.is_terminal() && config.flaw != Some(Flaw::CancelledTakenUp) => {
                self.settle(next, next.state);
                None
            }
            Some(next) => {
                let is_checked =
                    !matches!(config.flaw, Some(Flaw::FollowUpUnchecked | Flaw::CancelledTakenUp));
                let state = if is_checked { next.state } else { State::Pending };
                Some(Open::waiting(Life { state, ..next }))
            }
            None => None,
        };
    }

    /// Frees what an expired claim holds.
    pub(super) fn rescue(&mut self, config: &Config, event: Event) {
        let Some(receipt) = self.open.and_then(|open| open.receipt) else { return };
        for worker in self.workers.iter_mut().filter(|worker| worker.receipt == receipt) {
            worker.is_lost = true;
        }
        self.end(config, event);
        if config.flaw == Some(Flaw::RescueKeepsReceipt)
            && let Some(open) = &mut self.open
        {
            open.receipt = Some(receipt);
        }
    }

    /// The representative of all equivalent worlds: workers in order, receipts renumbered from the current one.
    pub(super) fn canonical(mut self) -> Self {
        let current = self.open.and_then(|open| open.receipt);
        self.workers
            .sort_by_key(|worker| (current != Some(worker.receipt), Attempt { receipt: 0, ..*worker }));
        let mut free = u8::from(current.is_some());
        for worker in &mut self.workers {
            if current == Some(worker.receipt) {
                worker.receipt = 0;
            } else {
                worker.receipt = free;
                free += 1;
            }
        }
        if let Some(open) = &mut self.open {
            open.receipt = current.map(|_| 0);
        }
        self.effects.sort_unstable();
        self
    }
}
