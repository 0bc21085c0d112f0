//! What `forebay sources breaker` prints: how breakers stand, and what they did last.

use std::time::Duration;

use forebay_domain::breaker::{Breaker, BreakerPolicy, BreakerState};
use forebay_store::breakers::TrailEntry;
use jiff::Timestamp;
use serde::Serialize;

use crate::ui::{Page, Report, Table, Tone, format, table::Column};

/// Breakers, by source. The JSON form is `{"breakers": [ … ]}`.
#[derive(Debug, Serialize)]
pub(super) struct BreakerReport {
    breakers: Vec<Line>,
    /// One was asked for, so its trail is shown.
    #[serde(skip)]
    is_one: bool,
}

/// One breaker. Its fields are stable.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    source: String,
    state: &'static str,
    reason_code: &'static str,
    /// None: nothing was ever recorded.
    since: Option<Timestamp>,
    opened_at: Option<Timestamp>,
    /// How often it opened since it last recovered.
    num_opened: u32,
    window: Window,
    retry_at: Option<Timestamp>,
    /// Asking sooner is in vain.
    retry_after_seconds: Option<u64>,
    num_probes: usize,
    transitions: Vec<Transition>,
}

/// The last calls.
#[derive(Debug, Serialize)]
struct Window {
    num_calls: usize,
    num_failures: usize,
    /// The share (0 to 1) that failed, by weight.
    failure_rate: f64,
    /// Failures since the last success, by weight.
    failure_streak: f64,
}

#[derive(Debug, Serialize)]
struct Transition {
    changed_at: Timestamp,
    from_state: &'static str,
    to_state: &'static str,
    reason_code: &'static str,
    run_id: Option<i64>,
}

impl Line {
    /// `breaker`: none if nothing is known of the source.
    pub(super) fn new(
        source: String,
        breaker: Option<Breaker>,
        policy: &BreakerPolicy,
        trail: Vec<TrailEntry>,
        now: Timestamp,
    ) -> Self {
        let since = breaker.as_ref().map(|breaker| breaker.changed_at);
        let breaker = breaker.unwrap_or_else(|| Breaker::new(now));
        let is_failure = |weight: f64| weight > 0.0;
        let failures =
            breaker.window.iter().filter(|call| policy.weight(call.outcome).is_some_and(is_failure));
        let wait = breaker.retry_at.map(|at| now.duration_until(at)).filter(|wait| wait.signum() > 0);
        Self {
            source,
            state: breaker.state.as_str(),
            reason_code: breaker.reason.as_str(),
            since,
            opened_at: breaker.opened_at,
            num_opened: breaker.num_opened,
            window: Window {
                num_calls: breaker.window.len(),
                num_failures: failures.count(),
                failure_rate: breaker.failure_rate(policy),
                failure_streak: breaker.failure_streak,
            },
            retry_at: breaker.retry_at,
            retry_after_seconds: wait.map(|wait| wait.unsigned_abs().as_secs().max(1)),
            num_probes: breaker.probes.len(),
            transitions: trail.into_iter().map(Transition::from).collect(),
        }
    }

    fn tone(&self) -> Tone {
        match BreakerState::parse(self.state) {
            Some(BreakerState::Closed) | None => Tone::Good,
            Some(BreakerState::Open | BreakerState::ForcedOpen) => Tone::Bad,
            Some(BreakerState::HalfOpen | BreakerState::Disabled) => Tone::Warning,
        }
    }

    fn calls(&self) -> String {
        format!("{} of {}", self.window.num_failures, self.window.num_calls)
    }

    fn retry(&self) -> String {
        match (self.state, self.retry_after_seconds) {
            (_, Some(seconds)) => format!("in {}", format::duration(Duration::from_secs(seconds))),
            ("open", None) => "now".to_owned(),
            ("forced_open", _) => "when an operator says so".to_owned(),
            _ => "-".to_owned(),
        }
    }
}

impl From<TrailEntry> for Transition {
    fn from(entry: TrailEntry) -> Self {
        Self {
            changed_at: entry.transition.at,
            from_state: entry.transition.from.as_str(),
            to_state: entry.transition.to.as_str(),
            reason_code: entry.transition.reason.as_str(),
            run_id: entry.run_id,
        }
    }
}

impl BreakerReport {
    pub(super) fn of_one(breaker: Line) -> Self {
        Self { breakers: vec![breaker], is_one: true }
    }

    pub(super) fn of_all(breakers: Vec<Line>) -> Self {
        Self { breakers, is_one: false }
    }
}

impl Report for BreakerReport {
    fn write(&self, page: &mut Page) {
        let mut table = Table::new([
            Column::text("source"),
            Column::text("state"),
            Column::text("reason"),
            Column::text("since, UTC"),
            Column::text("failed calls"),
            Column::text("asked again"),
        ]);
        for line in &self.breakers {
            table.toned_row(
                line.tone(),
                [
                    line.source.clone(),
                    line.state.to_owned(),
                    line.reason_code.to_owned(),
                    line.since.map_or_else(|| "-".to_owned(), format::minute),
                    line.calls(),
                    line.retry(),
                ],
            );
        }
        page.table(&table, "no source is scraped; `forebay.toml` declares them");
        let Some(line) = self.breakers.first().filter(|_| self.is_one) else { return };
        page.heading("Latest changes");
        let mut changes = Table::new([
            Column::text("changed, UTC"),
            Column::text("from"),
            Column::text("to"),
            Column::text("reason"),
            Column::number("run"),
        ]);
        for transition in &line.transitions {
            changes.row([
                format::minute(transition.changed_at),
                transition.from_state.to_owned(),
                transition.to_state.to_owned(),
                transition.reason_code.to_owned(),
                transition.run_id.map_or_else(|| "-".to_owned(), |run_id| run_id.to_string()),
            ]);
        }
        page.table(&changes, "it never changed its state");
    }
}
