//! Collects the evidence for the guards of a complete run.

use forebay_domain::{
    coverage::Coverage,
    guards::{Evidence, FieldBaseline},
    rekey::{MIN_PAIRS, Rekey},
};
use forebay_store::{
    changes::{self, StagedTotals},
    references, runs,
};
use tokio_postgres::Client;

use super::{context::RunContext, rekey::find_rekey, tally::Tally};
use crate::error::Result;

/// The evidence with the data that it borrows.
pub(super) struct Gathered {
    num_active_before: u64,
    num_seen: u64,
    totals: StagedTotals,
    baseline: Vec<FieldBaseline>,
    rekey: Option<Rekey>,
}

impl Gathered {
    /// The evidence in the guards' form.
    pub(super) fn as_evidence<'a>(&'a self, coverage: &'a Coverage) -> Evidence<'a> {
        Evidence {
            num_active_before: self.num_active_before,
            num_seen: self.num_seen,
            num_removed: self.totals.num_removed,
            num_added: self.totals.num_added,
            num_updated: self.totals.num_updated,
            coverage,
            baseline: Some(&self.baseline).filter(|b| !b.is_empty()).map(Vec::as_slice),
            rekey: self.rekey.as_ref(),
        }
    }

    /// Records that stay staged if the run is held.
    pub(super) fn num_staged(&self) -> u64 {
        self.totals.num_added + self.totals.num_updated + self.totals.num_restored
    }
}

/// Collects the evidence from the run's counts and staged changes.
pub(super) async fn gather(
    context: &RunContext<'_>,
    client: &Client,
    tally: &Tally,
    coverage: &Coverage,
) -> Result<Gathered> {
    let (run_id, source_id) = (context.target.origin.run_id, context.target.origin.source_id);
    let totals = changes::totals(client, run_id).await?;
    let baseline = runs::baseline(client, source_id, &context.request.scope).await?;
    let min_pairs = MIN_PAIRS as u64;
    let rekey = if totals.num_removed >= min_pairs && totals.num_added >= min_pairs {
        find_rekey(client, run_id, &context.source.key_fields).await?.map(|found| found.rekey)
    } else {
        None
    };
    Ok(Gathered {
        num_active_before: references::count_active(client, source_id, &context.target.origin.scope).await?,
        // Records with a known key; duplicates must not make an empty run look full.
        num_seen: coverage.num_records().max(tally.counts.num_seen - tally.counts.num_rejected)
            - tally.counts.num_duplicate,
        totals,
        baseline: baseline.into_iter().map(|(name, share)| FieldBaseline { name, share }).collect(),
        rekey,
    })
}
