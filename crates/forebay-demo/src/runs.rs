//! Runs as a table and as figures.

use forebay_engine::persist::RunReport;
use forebay_store::{connect::Database, runs};
use forebay_views::RunSummary;

use crate::{
    error::Result,
    step::{Cell, Column, Table},
};

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

/// Runs as the database has them.
pub(crate) async fn summaries(database: &Database, reports: &[RunReport]) -> Result<Vec<RunSummary>> {
    let client = database.client().await?;
    let mut summaries = Vec::new();
    for report in reports {
        summaries.extend(runs::find(&**client, report.run_id).await?.as_ref().map(RunSummary::from));
    }
    Ok(summaries)
}
