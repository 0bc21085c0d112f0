//! The human form of breakers: their state, and the latest changes.

use std::time::Duration;

use forebay_domain::breaker::BreakerState;
use forebay_views::{Breaker, Page};

use crate::ui::{self, Report, Table, Tone, format, table::Column};

fn tone(breaker: &Breaker) -> Tone {
    match BreakerState::parse(&breaker.state) {
        Some(BreakerState::Closed) => Tone::Good,
        Some(BreakerState::Open | BreakerState::ForcedOpen) => Tone::Bad,
        Some(BreakerState::HalfOpen | BreakerState::Disabled) | None => Tone::Warning,
    }
}

fn retry(breaker: &Breaker) -> String {
    match (BreakerState::parse(&breaker.state), breaker.retry_after_seconds) {
        (_, Some(seconds)) => format!("in {}", format::duration(Duration::from_secs(seconds))),
        (Some(BreakerState::Open), None) => "now".to_owned(),
        (Some(BreakerState::ForcedOpen), None) => "when an operator closes it".to_owned(),
        _ => format::none(),
    }
}

impl Report for Page<Breaker> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("source"),
            Column::text("state"),
            Column::text("reason"),
            Column::text("since, UTC"),
            Column::text("failed calls"),
            Column::text("next probe"),
        ]);
        for line in &self.items {
            table.toned_row(
                tone(line),
                [
                    line.source.clone(),
                    line.state.clone(),
                    line.reason_code.clone(),
                    line.since.map_or_else(format::none, |at| format::minute(at.get())),
                    format!("{} of {}", line.window.num_failures, line.window.num_calls),
                    retry(line),
                ],
            );
        }
        page.table(&table, "no source can be scraped; declare sources in forebay.toml");
        let [line] = self.items.as_slice() else { return };
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
                format::minute(transition.changed_at.get()),
                transition.from_state.clone(),
                transition.to_state.clone(),
                transition.reason_code.clone(),
                transition.run_id.map_or_else(format::none, |run_id| run_id.to_string()),
            ]);
        }
        page.table(&changes, "none");
    }
}
