//! The counts of a run, and which of them are already in its row.

use std::mem;

use forebay_domain::{coverage::Coverage, run::Counts};
use forebay_store::{content::RefusedRow, runs};

use super::{context::RunContext, process::Processed};
use crate::error::Result;

/// The counts so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) num_handoffs: u64,
    pub(super) num_unidentified: u64,
    pub(super) num_replaced: u64,
    /// The coverage of partial records together with what is stored.
    pub(super) coverage: Coverage,
    /// Rows of content tables that the database refused.
    pub(super) refused_rows: Vec<RefusedRow>,
    /// Paths of lessons whose measures are written too.
    pub(super) measured: Vec<String>,
    /// Counts that are not in the run's row yet.
    pub(super) unrecorded: Counts,
}

impl Tally {
    pub(super) fn add(&mut self, processed: Processed) {
        self.counts += processed.counts;
        self.num_handoffs += processed.num_handoffs;
        self.num_unidentified += processed.num_unidentified;
        self.coverage.merge(&processed.coverage);
        self.refused_rows.extend(processed.refused_rows);
        self.measured.extend(processed.measured);
        if !processed.recorded {
            self.unrecorded += processed.counts;
        }
    }

    pub(super) fn take_unrecorded(&mut self) -> Counts {
        mem::take(&mut self.unrecorded)
    }
}

/// Adds counts to the run's row, if there are any.
pub(super) async fn record(context: &RunContext<'_>, counts: Counts) -> Result<()> {
    if counts == Counts::default() {
        return Ok(());
    }
    let client = context.database.client().await?;
    Ok(runs::progress(&**client, context.target.origin.run_id, &counts, 0).await?)
}
