//! Decides how fast requests to one host may start. Pure: it has no clock.
//!
//! The rate and concurrency of a host are multiplied by its share, a number between 0 and 1. The share is halved when
//! the host is overloaded, and grows by a fixed step with every good response (additive increase, multiplicative
//! decrease, as in TCP). Requests that were in flight when the share was halved don't halve it again, because they add
//! no information.
//!
//! All times are durations since one fixed moment.

use std::time::Duration;

/// The smallest share.
const MIN_SHARE: f64 = 1.0 / 1024.0;

/// What one good response adds to the share: 32 of them double a share of one half.
const STEP: f64 = 1.0 / 64.0;

/// The gap that is scaled for a slowed host without a configured rate.
const UNLIMITED_GAP: Duration = Duration::from_millis(10);

/// Maximum gap of a slowed host, unless the configured gap is longer.
const MAX_SLOWED_GAP: Duration = Duration::from_mins(1);

/// A start that is late by less than this doesn't delay the next one, because timers are inexact.
const SLACK: Duration = Duration::from_millis(5);

/// Maximum pause of a host, even if it asks for a longer one.
const MAX_PAUSE: Duration = Duration::from_hours(24);

/// The limits of a source for one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The minimum time between the starts of two requests; zero means no limit.
    pub(super) gap: Duration,
    /// The maximum number of requests in flight, at least 1.
    pub(super) concurrency: u16,
}

/// Whether a request may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It has started: [`HostPace::ended`] must follow.
    Start,
    /// Ask again after this time.
    Wait(Duration),
    /// The host is paused for this time.
    Paused(Duration),
    /// Ask again when a request in flight has ended.
    Full,
}

/// What a response shows about the load of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feedback {
    /// The host is fine.
    Good,
    /// Nothing: the request failed for another reason.
    Neutral,
    /// The host is overloaded: 429, 503 or a timeout, with the pause that it asks for, if any.
    Overloaded(Option<Duration>),
}

/// The pace of one host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HostPace {
    share: f64,
    slowed_at: Option<Duration>,
    next_start: Duration,
    paused_until: Duration,
    in_flight: u32,
}

impl Default for HostPace {
    fn default() -> Self {
        Self {
            share: 1.0,
            slowed_at: None,
            next_start: Duration::ZERO,
            paused_until: Duration::ZERO,
            in_flight: 0,
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
        if self.in_flight >= self.concurrency(limits) {
            return Decision::Full;
        }
        let wait = self.next_start.saturating_sub(now);
        if !wait.is_zero() {
            return Decision::Wait(wait);
        }
        self.next_start = self.next_start.max(now.saturating_sub(SLACK)) + self.gap(limits);
        self.in_flight += 1;
        Decision::Start
    }

    /// Ends a request that started at `started`.
    pub(super) fn ended(&mut self, started: Duration, feedback: Feedback, now: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
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

    /// Whether the state of the host equals that of a new one, so it can be removed.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        self.in_flight == 0 && self.share >= 1.0 && now >= self.paused_until && now >= self.next_start
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
        reason = "the product of a share and a u16 fits into a u32"
    )]
    fn concurrency(&self, limits: Limits) -> u32 {
        ((f64::from(limits.concurrency) * self.share) as u32).max(1)
    }
}

#[cfg(test)]
mod tests;
