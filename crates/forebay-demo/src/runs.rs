//! Runs as a table and as figures.

use forebay_engine::persist::RunReport;
use serde_json::{Value, json};

use crate::step::{Cell, Column, Table};

/// Runs as a table.
pub(crate) fn runs_table<'a>(runs: impl IntoIterator<Item = &'a RunReport>) -> Table {
    let mut table = Table::new([
        Column::text("source"),
        Column::count("seen"),
        Column::count("added"),
        Column::count("updated"),
        Column::count("unchanged"),
        Column::count("removed"),
        Column::count("handed off"),
        Column::text("run"),
    ]);
    for run in runs {
        let counts = run.counts;
        table.row([
            Cell::from(run.source.as_str()),
            counts.num_seen.into(),
            counts.num_added.into(),
            counts.num_updated.into(),
            counts.num_unchanged.into(),
            counts.num_removed.into(),
            run.num_handoffs.into(),
            run.status.as_str().into(),
        ]);
    }
    table
}

/// Runs as figures.
pub(crate) fn runs_figure<'a>(runs: impl IntoIterator<Item = &'a RunReport>) -> Value {
    let one = |run: &RunReport| {
        json!({
            "run_id": run.run_id,
            "source": run.source,
            "status": run.status.as_str(),
            "reason_code": run.reason_code,
            "num_seen": run.counts.num_seen,
            "num_added": run.counts.num_added,
            "num_updated": run.counts.num_updated,
            "num_unchanged": run.counts.num_unchanged,
            "num_removed": run.counts.num_removed,
            "num_handoffs": run.num_handoffs,
        })
    };
    runs.into_iter().map(one).collect()
}
