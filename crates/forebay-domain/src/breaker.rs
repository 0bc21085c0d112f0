//! The circuit breaker of a source: whether it may be asked, so that one that is out of order is left alone.
//!
//! A breaker is a value. [`Breaker::ask`], [`Breaker::record`] and [`Breaker::operate`] take it with the time and
//! give the next one with a decision; where it is kept, and that two workers do not decide at once, is the store's
//! matter. In words:
//! - *closed*: calls go through. When the policy's share of the calls in the window failed, or so many in a row, it
//!   opens.
//! - *open*: nothing goes through for a wait that doubles each time it opens again. Whoever asks after the wait makes
//!   it half open.
//! - *half open*: a few calls go through as probes. Enough that succeed close it, one that fails opens it again. A
//!   probe whose process died is given up after its lease.
//! - *forced open* and *disabled* are an operator's: nothing goes through, or everything; only an operator ends them.
//!
//! What comes late decides nothing: a call that was permitted while it was closed is no probe when it ends after the
//! breaker opened, and a probe that lost its lease is not heard once another one is out in its place. Until then it is:
//! else a breaker whose calls take longer than the lease would never close.

mod policy;
#[cfg(test)]
mod tests;
mod words;

use jiff::{SignedDuration, Timestamp};

pub use policy::{BreakerPolicy, FailureWeights, MAX_PROBES, MAX_RETRY_AFTER, MAX_WINDOW};
pub use words::{BreakerReason, BreakerState, CallOutcome, RefusalReason};

/// Names a probe: random, new for each.
pub type ProbeId = [u8; 16];

/// A call that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub outcome: CallOutcome,
}

/// A probe that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its name.
    pub id: ProbeId,
    /// Until when it is waited for.
    pub until: Timestamp,
}

/// All that is remembered of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// Its state.
    pub state: BreakerState,
    /// Why it came into that state.
    pub reason: BreakerReason,
    /// When it did.
    pub changed_at: Timestamp,
    /// When it last opened.
    pub opened_at: Option<Timestamp>,
    /// When the first probe may go through; only while open.
    pub retry_at: Option<Timestamp>,
    /// How often it opened since it last recovered.
    pub num_opened: u32,
    /// Weights of the failures since the last success, added up.
    pub failure_streak: f64,
    /// Probes that succeeded since it became half open.
    pub num_recovered: u32,
    /// The calls in the window, oldest first.
    pub window: Vec<Call>,
    /// The probes that are out.
    pub probes: Vec<Probe>,
}

/// Leave to call, to be given back with the call's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The probe that this call is, if it is one.
    pub probe: Option<ProbeId>,
}

/// What [`Breaker::ask`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go ahead.
    Permit(Permit),
    /// Do not call.
    Refused {
        /// How long to wait before retrying.
        retry_after: SignedDuration,
        /// Why.
        reason: RefusalReason,
    },
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerTransition {
    /// The state before.
    pub from: BreakerState,
    /// The state after; an operator's command may leave it as it was.
    pub to: BreakerState,
    /// Why.
    pub reason: BreakerReason,
    /// When.
    pub at: Timestamp,
}

/// What an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerCommand {
    /// Refuse every call until another command.
    ForceOpen,
    /// Let calls through as usual. If it opens again, it waits as long as it would have.
    Close,
    /// Forget all recorded calls.
    Reset,
    /// Allow every call and record none.
    Disable,
}

impl Breaker {
    /// The breaker of a source of which nothing is known.
    pub const fn new(now: Timestamp) -> Self {
        Self {
            state: BreakerState::Closed,
            reason: BreakerReason::New,
            changed_at: now,
            opened_at: None,
            retry_at: None,
            num_opened: 0,
            failure_streak: 0.0,
            num_recovered: 0,
            window: Vec::new(),
            probes: Vec::new(),
        }
    }

    /// Whether a call may be made now. `probe_id` is a new random name, used if the call is to be a probe.
    pub fn ask(
        mut self,
        policy: &BreakerPolicy,
        now: Timestamp,
        probe_id: ProbeId,
    ) -> (Self, Answer, Option<BreakerTransition>) {
        let permit = |probe| Answer::Permit(Permit { probe });
        let refused = |until: Timestamp, reason| Answer::Refused {
            retry_after: now.duration_until(until).max(SignedDuration::ZERO),
            reason,
        };
        let mut transition = None;
        match self.state {
            BreakerState::Closed | BreakerState::Disabled => return (self, permit(None), None),
            BreakerState::ForcedOpen => {
                let retry_at = later(now, policy.max_wait);
                return (self, refused(retry_at, RefusalReason::ForcedOpen), None);
            }
            BreakerState::Open => {
                if let Some(retry_at) = self.retry_at
                    && now < retry_at
                {
                    return (self, refused(retry_at, RefusalReason::Open), None);
                }
                transition = Some(self.turn(BreakerState::HalfOpen, BreakerReason::WaitOver, now));
            }
            BreakerState::HalfOpen => {}
        }
        self.probes.retain(|probe| probe.until > now);
        if self.probes.len() >= policy.num_probes() {
            let first_free = self.probes.iter().map(|probe| probe.until).min().unwrap_or(now);
            return (self, refused(first_free, RefusalReason::Probing), transition);
        }
        self.probes.push(Probe { id: probe_id, until: later(now, policy.probe_lease) });
        (self, permit(Some(probe_id)), transition)
    }

    /// Takes note of how a call ended. `jitter` is a random number from 0 to 1 that shortens the wait, so that sources
    /// that failed together are not probed together; `retry_after` is what the other side asked for, if it did.
    pub fn record(
        mut self,
        policy: &BreakerPolicy,
        permit: Permit,
        outcome: CallOutcome,
        retry_after: Option<SignedDuration>,
        now: Timestamp,
        jitter: f64,
    ) -> (Self, Option<BreakerTransition>) {
        let weight = policy.weight(outcome);
        let is_probe = permit.probe.is_some_and(|id| self.give_back(id, now));
        match self.state {
            BreakerState::Closed => {}
            BreakerState::HalfOpen if is_probe => {}
            BreakerState::Open
            | BreakerState::HalfOpen
            | BreakerState::ForcedOpen
            | BreakerState::Disabled => {
                return (self, None);
            }
        }
        // Outcomes that say nothing about the source are not counted.
        let Some(weight) = weight else { return (self, None) };
        self.count(policy, Call { at: now, outcome }, weight);
        let open_because = if is_probe {
            if weight > 0.0 {
                Some(BreakerReason::ProbeFailed)
            } else {
                self.num_recovered = self.num_recovered.saturating_add(1);
                if self.num_recovered >= policy.success_threshold {
                    let transition = self.turn(BreakerState::Closed, BreakerReason::Recovered, now);
                    self.forget();
                    return (self, Some(transition));
                }
                None
            }
        } else {
            // Only a failure opens: one that drops out of the window must not, by shifting the share.
            (weight > 0.0).then(|| self.is_too_much(policy)).flatten()
        };
        let transition = open_because.map(|reason| self.open(policy, reason, retry_after, now, jitter));
        (self, transition)
    }

    /// Does what an operator says. The transition is told even where the state stays, for the trail.
    pub fn operate(mut self, command: BreakerCommand, now: Timestamp) -> (Self, BreakerTransition) {
        let (to, reason) = match command {
            BreakerCommand::ForceOpen => (BreakerState::ForcedOpen, BreakerReason::ForcedOpen),
            BreakerCommand::Close => (BreakerState::Closed, BreakerReason::ClosedByOperator),
            BreakerCommand::Reset => (BreakerState::Closed, BreakerReason::Reset),
            BreakerCommand::Disable => (BreakerState::Disabled, BreakerReason::Disabled),
        };
        let transition = self.turn(to, reason, now);
        let num_opened = self.num_opened;
        self.forget();
        match command {
            BreakerCommand::Reset => self.opened_at = None,
            BreakerCommand::ForceOpen | BreakerCommand::Close | BreakerCommand::Disable => {
                self.num_opened = num_opened;
            }
        }
        (self, transition)
    }

    /// The share of the calls in the window that failed, by weight, 0 to 1; 0 for none.
    pub fn failure_rate(&self, policy: &BreakerPolicy) -> f64 {
        let weights: f64 = self.window.iter().filter_map(|call| policy.weight(call.outcome)).sum();
        if self.window.is_empty() { 0.0 } else { weights / self.window.len() as f64 }
    }

    fn count(&mut self, policy: &BreakerPolicy, call: Call, weight: f64) {
        self.window.push(call);
        let since = earlier(call.at, policy.window_time);
        self.window.retain(|old| old.at > since);
        let surplus = self.window.len().saturating_sub(policy.window_len());
        self.window.drain(..surplus);
        self.failure_streak = if weight > 0.0 { self.failure_streak + weight } else { 0.0 };
    }

    fn is_too_much(&self, policy: &BreakerPolicy) -> Option<BreakerReason> {
        if policy.max_consecutive.is_some_and(|max| self.failure_streak >= f64::from(max)) {
            return Some(BreakerReason::ConsecutiveFailures);
        }
        let is_enough = self.window.len() >= policy.min_calls as usize;
        (is_enough && self.failure_rate(policy) >= policy.failure_rate).then_some(BreakerReason::FailureRate)
    }

    fn open(
        &mut self,
        policy: &BreakerPolicy,
        reason: BreakerReason,
        retry_after: Option<SignedDuration>,
        now: Timestamp,
        jitter: f64,
    ) -> BreakerTransition {
        let transition = self.turn(BreakerState::Open, reason, now);
        self.num_opened = self.num_opened.saturating_add(1);
        self.opened_at = Some(now);
        self.retry_at = Some(later(now, policy.wait(self.num_opened, retry_after, jitter)));
        transition
    }

    /// Takes a probe back; false if it is not waited for any more, because it lost its lease and a newer one is out.
    fn give_back(&mut self, id: ProbeId, now: Timestamp) -> bool {
        let known = self.probes.iter().find(|probe| probe.id == id).copied();
        self.probes.retain(|probe| probe.id != id);
        known
            .is_some_and(|late| late.until > now || self.probes.iter().all(|other| other.until <= late.until))
    }

    /// Comes into a state, with nothing left of what belongs to another one.
    fn turn(&mut self, to: BreakerState, reason: BreakerReason, at: Timestamp) -> BreakerTransition {
        let transition = BreakerTransition { from: self.state, to, reason, at };
        self.state = to;
        self.reason = reason;
        self.changed_at = at;
        self.retry_at = None;
        self.num_recovered = 0;
        self.probes.clear();
        transition
    }

    /// Forgets what was counted.
    fn forget(&mut self) {
        self.num_opened = 0;
        self.failure_streak = 0.0;
        self.window.clear();
    }
}

/// A time later by a duration, or the last time that there is.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}
