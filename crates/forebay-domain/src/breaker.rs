//! The circuit breaker of a source: whether it may be called. A failing source is left alone for a while.
//!
//! A breaker is a plain value. [`Breaker::ask`], [`Breaker::record`] and [`Breaker::operate`] take it with the current
//! time and return the next value and a decision. The store keeps it and serialises workers. Its states:
//! - *closed*: calls go through. It opens when too large a share of the calls in the window failed, or too many in a
//!   row.
//! - *open*: no call goes through until a wait is over; the wait doubles each time the breaker opens again. The first
//!   request after the wait makes it half open.
//! - *half open*: a few calls go through as probes. Enough successful probes close it; one failed probe opens it again.
//!   A probe whose process died is abandoned when its lease expires.
//! - *forced open* and *disabled* are set by an operator: no call or every call goes through until an operator
//!   changes it.
//!
//! Late results are ignored: a call that was permitted while the breaker was closed does not count as a probe if it
//! ends after the breaker opened, and a probe that lost its lease is ignored once another probe has replaced it. Until
//! then it counts; otherwise a breaker whose calls take longer than the lease would never close.

mod policy;
#[cfg(test)]
mod tests;
mod words;

use jiff::{SignedDuration, Timestamp};

pub use policy::{BreakerPolicy, FailureWeights, MAX_PROBES, MAX_RETRY_AFTER, MAX_WINDOW};
pub use words::{BreakerReason, BreakerState, CallOutcome, RefusalReason};

/// Identifies a probe: random, new for each.
pub type ProbeId = [u8; 16];

/// A finished call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: CallOutcome,
}

/// A probe in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its id.
    pub id: ProbeId,
    /// When its lease expires.
    pub until: Timestamp,
}

/// The stored state of a source's breaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// Its state.
    pub state: BreakerState,
    /// Why it is in this state.
    pub reason: BreakerReason,
    /// Since when it has been in this state.
    pub changed_at: Timestamp,
    /// When it last opened.
    pub opened_at: Option<Timestamp>,
    /// When the first probe may go through; only set while open.
    pub retry_at: Option<Timestamp>,
    /// How often it has opened since it last recovered.
    pub num_opened: u32,
    /// The sum of the weights of the failures since the last success.
    pub failure_streak: f64,
    /// Number of successful probes since it became half open.
    pub num_recovered: u32,
    /// The calls in the window, oldest first.
    pub window: Vec<Call>,
    /// The probes in progress.
    pub probes: Vec<Probe>,
}

/// Permission to make a call; pass it back with the call's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The probe's id, if this call is a probe.
    pub probe: Option<ProbeId>,
}

/// The answer of [`Breaker::ask`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The call may be made.
    Permit(Permit),
    /// The call must not be made.
    Refused {
        /// How long to wait before retrying.
        retry_after: SignedDuration,
        /// Why the call was refused.
        reason: RefusalReason,
    },
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerTransition {
    /// The state before.
    pub from: BreakerState,
    /// The state after; an operator's command may leave it unchanged.
    pub to: BreakerState,
    /// Why it changed.
    pub reason: BreakerReason,
    /// When it changed.
    pub at: Timestamp,
}

crate::words! {
    /// An operator's command.
    pub enum BreakerCommand {
        /// Refuse every call until another command.
        ForceOpen = "open",
        /// Let calls through as usual. The wait keeps its length if the breaker opens again.
        Close = "close",
        /// Forget all recorded calls.
        Reset = "reset",
        /// Allow every call and record none.
        Disable = "disable",
    }
}

impl Breaker {
    /// The breaker of a new source.
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

    /// Whether a call may be made now. `probe_id` is a new random id, used if the call becomes a probe.
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
                transition = Some(self.enter(BreakerState::HalfOpen, BreakerReason::WaitOver, now));
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

    /// Records the outcome of a call. `jitter` is a random number from 0 to 1 that shortens the wait, so that sources
    /// that failed together are not probed together; `retry_after` is the delay that the server asked for, if any.
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
        // Some outcomes, such as configuration errors, do not count for or against the source.
        let Some(weight) = weight else { return (self, None) };
        self.count(policy, Call { at: now, outcome }, weight);
        let open_because = if is_probe {
            if weight > 0.0 {
                Some(BreakerReason::ProbeFailed)
            } else {
                self.num_recovered = self.num_recovered.saturating_add(1);
                if self.num_recovered >= policy.success_threshold {
                    let transition = self.enter(BreakerState::Closed, BreakerReason::Recovered, now);
                    self.forget();
                    return (self, Some(transition));
                }
                None
            }
        } else {
            // Only a failure may open the breaker: an old call dropping out of the window also shifts the share.
            (weight > 0.0).then(|| self.is_too_much(policy)).flatten()
        };
        let transition = open_because.map(|reason| self.open(policy, reason, retry_after, now, jitter));
        (self, transition)
    }

    /// Applies an operator's command. Returns a transition for the trail even if the state stays the same.
    pub fn operate(mut self, command: BreakerCommand, now: Timestamp) -> (Self, BreakerTransition) {
        let (to, reason) = match command {
            BreakerCommand::ForceOpen => (BreakerState::ForcedOpen, BreakerReason::ForcedOpen),
            BreakerCommand::Close => (BreakerState::Closed, BreakerReason::ClosedByOperator),
            BreakerCommand::Reset => (BreakerState::Closed, BreakerReason::Reset),
            BreakerCommand::Disable => (BreakerState::Disabled, BreakerReason::Disabled),
        };
        let transition = self.enter(to, reason, now);
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

    /// The weighted share of failed calls in the window, 0 to 1; 0 for an empty window.
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
        let transition = self.enter(BreakerState::Open, reason, now);
        self.num_opened = self.num_opened.saturating_add(1);
        self.opened_at = Some(now);
        self.retry_at = Some(later(now, policy.wait(self.num_opened, retry_after, jitter)));
        transition
    }

    /// Ends a probe; false if the probe lost its lease and a newer one replaced it.
    fn give_back(&mut self, id: ProbeId, now: Timestamp) -> bool {
        let known = self.probes.iter().find(|probe| probe.id == id).copied();
        self.probes.retain(|probe| probe.id != id);
        known
            .is_some_and(|late| late.until > now || self.probes.iter().all(|other| other.until <= late.until))
    }

    /// Enters a state and clears the data of other states.
    fn enter(&mut self, to: BreakerState, reason: BreakerReason, at: Timestamp) -> BreakerTransition {
        let transition = BreakerTransition { from: self.state, to, reason, at };
        self.state = to;
        self.reason = reason;
        self.changed_at = at;
        self.retry_at = None;
        self.num_recovered = 0;
        self.probes.clear();
        transition
    }

    /// Clears the counts.
    fn forget(&mut self) {
        self.num_opened = 0;
        self.failure_streak = 0.0;
        self.window.clear();
    }
}

/// Adds a duration to a time, up to the maximum timestamp.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}
