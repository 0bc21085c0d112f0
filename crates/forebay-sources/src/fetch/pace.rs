//! How fast one host is asked: the pure decision, without a clock.
//!
//! One number tells how much of what is configured a host bears: its share, from a little above 0 to 1. It is halved
//! when the host says that it is too much and grows back by a fixed step with every good answer (additive increase,
//! multiplicative decrease, as TCP does it). Rate and concurrency are both scaled by it. Requests that were under way
//! when the share was halved say nothing new when they fail as well, so they do not halve it again.
//!
//! All times are durations since one fixed moment.

use std::time::Duration;

/// A host is never slowed down to less than this share.
const MIN_SHARE: f64 = 1.0 / 1024.0;

/// What one good answer adds to the share: from a half back to all takes 32 of them.
const STEP: f64 = 1.0 / 64.0;

/// The gap that a slowed host without a configured rate is scaled from.
const UNLIMITED_GAP: Duration = Duration::from_millis(10);

/// Being slow never makes a gap longer than this; only a configured one is.
const MAX_SLOWED_GAP: Duration = Duration::from_mins(1);

/// A start that came this much late does not put off the next one: timers are not exact.
const SLACK: Duration = Duration::from_millis(5);

/// No host can pause for longer than this, whatever it says.
const MAX_PAUSE: Duration = Duration::from_hours(24);

/// What a source grants for one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The least time between two starts; zero without a limit.
    pub(super) gap: Duration,
    /// The most requests under way, at least 1.
    pub(super) concurrency: u16,
}

/// The answer to whether a request may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It has started: [`HostPace::ended`] has to follow.
    Start,
    /// Ask again after this time.
    Wait(Duration),
    /// The host wants no requests for this time.
    Paused(Duration),
    /// Ask again when one that is under way has ended.
    Full,
}

/// What an answer says about the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feedback {
    /// The host copes.
    Good,
    /// Nothing: it failed for another reason.
    Neutral,
    /// It is too much: 429, 503 or a timeout, with the time that the host asks for, if it does.
    Overloaded(Option<Duration>),
}

/// How one host is being asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HostPace {
    share: f64,
    slowed_at: Option<Duration>,
    next_start: Duration,
    paused_until: Duration,
    under_way: u32,
}

impl Default for HostPace {
    fn default() -> Self {
        Self {
            share: 1.0,
            slowed_at: None,
            next_start: Duration::ZERO,
            paused_until: Duration::ZERO,
            under_way: 0,
        }
    }
}

impl HostPace {
    /// Whether a request may start now. If it may, it counts as started.
    pub(super) fn ask(&mut self, limits: Limits, now: Duration) -> Decision {
        let pause = self.paused_until.saturating_sub(now);
        if !pause.is_zero() {
            return Decision::Paused(pause);
        }
        if self.under_way >= self.concurrency(limits) {
            return Decision::Full;
        }
        let wait = self.next_start.saturating_sub(now);
        if !wait.is_zero() {
            return Decision::Wait(wait);
        }
        self.next_start = self.next_start.max(now.saturating_sub(SLACK)) + self.gap(limits);
        self.under_way += 1;
        Decision::Start
    }

    /// A request that started at a time has ended.
    pub(super) fn ended(&mut self, started: Duration, feedback: Feedback, now: Duration) {
        self.under_way = self.under_way.saturating_sub(1);
        match feedback {
            Feedback::Neutral => {}
            Feedback::Good => self.share = (self.share + STEP).min(1.0),
            Feedback::Overloaded(pause) => {
                if self.slowed_at.is_none_or(|slowed_at| started >= slowed_at) {
                    self.share = (self.share / 2.0).max(MIN_SHARE);
                    self.slowed_at = Some(now);
                }
                if let Some(pause) = pause {
                    self.paused_until = self.paused_until.max(now + pause.min(MAX_PAUSE));
                }
            }
        }
    }

    /// Whether nothing would be lost by forgetting the host.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        self.under_way == 0 && self.share >= 1.0 && now >= self.paused_until && now >= self.next_start
    }

    fn gap(&self, limits: Limits) -> Duration {
        if self.share >= 1.0 {
            return limits.gap;
        }
        let slowed = limits.gap.max(UNLIMITED_GAP).div_f64(self.share);
        slowed.min(MAX_SLOWED_GAP.max(limits.gap))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small positive number is one"
    )]
    fn concurrency(&self, limits: Limits) -> u32 {
        ((f64::from(limits.concurrency) * self.share) as u32).max(1)
    }
}

#[cfg(test)]
mod tests;
