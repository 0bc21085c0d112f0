//! The guards' decision on a run, and how its staged changes follow it.

use forebay_domain::{
    guards::{Decision, Suggestion, WithheldUpdates},
    identity::ReferenceId,
};
use forebay_store::{aliases, changes, runs};
use tokio_postgres::Transaction;

use super::{rekey::FoundRekey, write::Target};
use crate::error::Result;

/// The guards' decision, with the lists that its pairs refer to.
pub(super) struct Verdict {
    pub(super) decision: Decision,
    pub(super) found: Option<FoundRekey>,
    pub(super) num_active_before: u64,
    pub(super) suggestions: Vec<Suggestion>,
}

impl Verdict {
    /// Records that stay staged.
    pub(super) fn num_staged(&self) -> u64 {
        let withheld = &self.decision.withheld;
        withheld.num_updates + withheld.pairs.len() as u64 + withheld.num_taken + withheld.num_flagged
    }

    /// Moves keys and marks the withheld changes, so that the others can be applied.
    pub(super) async fn carry_out(&self, transaction: &Transaction<'_>, target: &Target) -> Result<()> {
        let run_id = target.origin.run_id;
        let withheld = &self.decision.withheld;
        runs::judged(transaction, run_id, self.num_active_before, &self.decision).await?;
        if let Some(found) = &self.found {
            if !self.decision.moved.is_empty() {
                let moves = found.moves(&self.decision.moved);
                aliases::rekey(transaction, run_id, target.origin.source_id, &moves).await?;
            }
            let ids: Vec<ReferenceId> = withheld.pairs.iter().flat_map(|pair| found.ids(*pair)).collect();
            changes::withhold(transaction, run_id, &ids).await?;
        }
        if !withheld.missing.is_empty() {
            let paired: Vec<ReferenceId> = self.found.iter().flat_map(FoundRekey::old_ids).collect();
            changes::withhold_missing(transaction, run_id, &withheld.missing, &paired).await?;
        }
        match &withheld.updates {
            WithheldUpdates::None => {}
            WithheldUpdates::Losing(fields) => {
                changes::withhold_losing(transaction, run_id, fields).await?;
            }
            WithheldUpdates::All => changes::withhold_updates(transaction, run_id).await?,
        }
        if withheld.num_flagged > 0 {
            changes::withhold_flagged(transaction, run_id).await?;
        }
        if withheld.num_taken > 0 {
            changes::withhold_taken(transaction, run_id).await?;
        }
        Ok(())
    }
}
