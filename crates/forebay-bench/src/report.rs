//! What a benchmark prints: measures, ratios with their budgets, and peers. The form is the same for all benchmarks.

use std::fmt;

use serde::Serialize;

use crate::machine;

/// One benchmark. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    bench: &'static str,
    /// The machine in a few words.
    machine: String,
    pub(crate) peers: Vec<Peer>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) ratios: Vec<Ratio>,
    /// Whether the process exits with 1. A ratio below its budget is no reason.
    #[serde(skip)]
    pub(crate) has_failed: bool,
}

/// Something to compare with.
#[derive(Debug, Serialize)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// None: it is absent.
    pub(crate) version: Option<String>,
}

/// A measurement. Absolute values depend on the machine; compare ratios.
#[derive(Debug, Serialize)]
pub(crate) struct Measure {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

/// A measure divided by another one or by a limit, with its budget.
#[derive(Debug, Serialize)]
pub(crate) struct Ratio {
    name: &'static str,
    value: f64,
    budget: f64,
    met: bool,
}

impl Report {
    /// A report of measurements on this machine without a peer.
    pub(crate) fn new(bench: &'static str, measures: Vec<Measure>, ratios: Vec<Ratio>) -> Self {
        Self { bench, machine: machine::describe(), peers: Vec::new(), measures, ratios, has_failed: false }
    }
}

impl Measure {
    pub(crate) fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit }
    }

    /// A measure that is a count.
    pub(crate) fn count(name: &'static str, value: u64, unit: &'static str) -> Self {
        Self::new(name, value as f64, unit)
    }
}

impl Ratio {
    pub(crate) fn at_least(name: &'static str, value: f64, budget: f64) -> Self {
        Self { name, value, budget, met: value >= budget }
    }

    pub(crate) fn at_most(name: &'static str, value: f64, budget: f64) -> Self {
        Self { name, value, budget, met: value <= budget }
    }

    /// A count of faults, of which there must be none.
    pub(crate) fn none(name: &'static str, found: u64) -> Self {
        Self::at_most(name, found as f64, 0.0)
    }

    pub(crate) fn is_met(&self) -> bool {
        self.met
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}\n", self.bench, self.machine)?;
        let mut rows = vec![["measure", "value", "unit", ""].map(str::to_owned)];
        for measure in &self.measures {
            let (name, unit) = (measure.name.to_owned(), measure.unit.to_owned());
            rows.push([name, number(measure.value), unit, String::new()]);
        }
        write_table(f, &rows)?;
        if self.ratios.is_empty() {
            writeln!(f, "\nthere is nothing to compare with")?;
        } else {
            let mut rows = vec![["ratio", "value", "met", "budget"].map(str::to_owned)];
            for ratio in &self.ratios {
                let met = if ratio.met { "yes" } else { "no" }.to_owned();
                rows.push([ratio.name.to_owned(), number(ratio.value), met, number(ratio.budget)]);
            }
            writeln!(f)?;
            write_table(f, &rows)?;
        }
        if !self.peers.is_empty() {
            writeln!(f)?;
        }
        for peer in &self.peers {
            writeln!(f, "{}: {}", peer.name, peer.version.as_deref().unwrap_or("absent"))?;
        }
        Ok(())
    }
}

/// Writes rows in aligned columns; the second column holds numbers.
fn write_table(f: &mut fmt::Formatter<'_>, rows: &[[String; 4]]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (names, values, words) = (width(0), width(1), width(2));
    for [name, value, word, last] in rows {
        let line = format!("{name:names$}  {value:>values$}  {word:words$}  {last}");
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Three significant digits at least.
fn number(value: f64) -> String {
    if value >= 100.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let measures = vec![Measure::new("drain", 31_415.9, "hand-offs/s")];
        let mut report = Report::new("handoff", measures, vec![Ratio::at_least("drain / pgmq", 0.5, 0.6)]);
        report.machine = "a machine".to_owned();
        report.peers = vec![Peer { name: "pgmq", version: None }];
        let expected = "handoff on a machine\n\n\
                        measure  value  unit\n\
                        drain    31416  hand-offs/s\n\n\
                        ratio         value  met  budget\n\
                        drain / pgmq   0.50  no   0.60\n\n\
                        pgmq: absent\n";
        assert_eq!(report.to_string(), expected);
        let document = serde_json::json!({
            "bench": "handoff",
            "machine": "a machine",
            "peers": [{"name": "pgmq", "version": null}],
            "measures": [{"name": "drain", "value": 31_415.9, "unit": "hand-offs/s"}],
            "ratios": [{"name": "drain / pgmq", "value": 0.5, "budget": 0.6, "met": false}],
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), document);
    }
}
