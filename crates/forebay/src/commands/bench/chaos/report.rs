//! What the chaos benchmark prints: what was done, and what does not hold.

use serde::Serialize;

use crate::ui::{Page, Report, Table, Tone, format, table::Column};

/// The run and its verdict. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(super) struct ChaosReport {
    pub(super) bench: &'static str,
    /// Everything holds.
    pub(super) holds: bool,
    pub(super) seed: u64,
    pub(super) seconds: u64,
    pub(super) workers: u16,
    /// Workers killed.
    pub(super) num_kills: u64,
    /// Times that the server was stopped without a goodbye, and started again.
    pub(super) num_crashes: u64,
    /// Connections cut.
    pub(super) num_cuts: u64,
    /// Workers that ended without being killed.
    pub(super) num_deaths: u64,
    /// References added, changed, removed or restored.
    pub(super) num_changes: u64,
    /// Rows written to the table.
    pub(super) num_writes: u64,
    /// Attempts that failed or were lost.
    pub(super) num_attempts_failed: u64,
    /// Changes given to the command.
    pub(super) num_deliveries: u64,
    /// Of these, how many it had been given before.
    pub(super) num_duplicates: u64,
    pub(super) checks: Vec<Check>,
}

/// Something of which there must be nothing.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    name: &'static str,
    found: u64,
}

impl Check {
    pub(super) fn none(name: &'static str, found: u64) -> Self {
        Self { name, found }
    }

    pub(super) fn holds(&self) -> bool {
        self.found == 0
    }
}

impl Report for ChaosReport {
    fn write(&self, page: &mut Page) {
        page.heading(&format!("bench chaos, seed {}", self.seed));
        page.fields([
            ("workers killed", format::count(self.num_kills)),
            ("server crashes", format::count(self.num_crashes)),
            ("connections cut", format::count(self.num_cuts)),
            ("workers that gave up", format::count(self.num_deaths)),
            ("changes", format::count(self.num_changes)),
            ("rows written", format::count(self.num_writes)),
            ("attempts failed or lost", format::count(self.num_attempts_failed)),
            ("given to the command", format::count(self.num_deliveries)),
            ("of these again", format::count(self.num_duplicates)),
        ]);
        page.line("");
        let mut table = Table::new([Column::text("must be none"), Column::number("found")]);
        for check in &self.checks {
            let tone = if check.holds() { Tone::Good } else { Tone::Bad };
            table.toned_row(tone, [check.name.to_owned(), format::count(check.found)]);
        }
        page.table(&table, "nothing was checked");
        page.line("");
        match (self.holds, self.num_changes) {
            (true, _) => page.toned(Tone::Good, "everything holds"),
            (false, 0) => page.toned(Tone::Bad, "no change came in, so nothing is shown"),
            (false, _) => page.toned(Tone::Bad, "something was lost or done twice"),
        }
    }
}
