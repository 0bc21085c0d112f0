//! What a benchmark prints: what was measured, and the ratios with their budgets.

use serde::Serialize;

use crate::ui::{Page, Report, Table, Tone, table::Column};

/// One benchmark. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(crate) struct BenchReport {
    pub(crate) bench: &'static str,
    pub(crate) machine: String,
    pub(crate) measures: Vec<Measure>,
    pub(crate) ratios: Vec<Ratio>,
}

/// Something measured. Absolute values depend on the machine; compare ratios.
#[derive(Debug, Serialize)]
pub(crate) struct Measure {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

/// A measure as a share of its peer's, against its budget.
#[derive(Debug, Serialize)]
pub(crate) struct Ratio {
    name: &'static str,
    value: f64,
    budget: f64,
    met: bool,
}

/// A benchmark, and which peers it was made with.
#[derive(Debug, Serialize)]
pub(crate) struct PeerReport {
    #[serde(flatten)]
    pub(crate) bench: BenchReport,
    pub(crate) peers: Vec<Peer>,
}

/// Something to compare with.
#[derive(Debug, Serialize)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// None: it is absent.
    pub(crate) version: Option<String>,
}

impl Measure {
    pub(crate) fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit }
    }
}

impl Ratio {
    pub(crate) fn at_least(name: &'static str, value: f64, budget: f64) -> Self {
        Self { name, value, budget, met: value >= budget }
    }

    pub(crate) fn at_most(name: &'static str, value: f64, budget: f64) -> Self {
        Self { name, value, budget, met: value <= budget }
    }
}

impl Report for BenchReport {
    fn write(&self, page: &mut Page) {
        page.heading(&format!("bench {} on {}", self.bench, self.machine));
        let mut measures =
            Table::new([Column::text("measure"), Column::number("value"), Column::text("unit")]);
        for measure in &self.measures {
            measures.row([measure.name.to_owned(), number(measure.value), measure.unit.to_owned()]);
        }
        page.table(&measures, "nothing was measured");
        page.line("");
        let mut ratios = Table::new([
            Column::text("ratio"),
            Column::number("value"),
            Column::number("budget"),
            Column::text("met"),
        ]);
        for ratio in &self.ratios {
            let (tone, met) = if ratio.met { (Tone::Good, "yes") } else { (Tone::Warning, "no") };
            ratios.toned_row(
                tone,
                [
                    ratio.name.to_owned(),
                    format!("{:.2}", ratio.value),
                    format!("{:.2}", ratio.budget),
                    met.to_owned(),
                ],
            );
        }
        page.table(&ratios, "there is nothing to compare with");
    }
}

impl Report for PeerReport {
    fn write(&self, page: &mut Page) {
        self.bench.write(page);
        page.line("");
        let mut peers = Table::new([Column::text("peer"), Column::text("version")]);
        for peer in &self.peers {
            peers.row([peer.name, peer.version.as_deref().unwrap_or("absent")]);
        }
        page.table(&peers, "there are no peers");
    }
}

/// Three digits that matter.
fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
