//! Applies the staged changes of a run, after the guards or an operator have allowed it.

use std::mem;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    changes::{self, StagedRecord},
    references,
};
use tokio_postgres::Transaction;

use super::{
    halves::write_in_halves,
    write::{Attempt, ROWS_PER_STATEMENT, Target, Written, remove, split},
};
use crate::error::{Error, Result};

/// Applies all staged changes that are not withheld, then the removals. Records that turn out to be older than the
/// stored ones, and those that the database refuses, become rejected records of `input`.
pub(super) async fn apply(transaction: &Transaction<'_>, target: &Target, input: &str) -> Result<Written> {
    let run_id = target.origin.run_id;
    let mut all = Written::default();
    let mut after = ReferenceId([0; 16]);
    loop {
        let limit = i64::try_from(ROWS_PER_STATEMENT).unwrap_or(i64::MAX);
        let staged = changes::batch(transaction, run_id, after, limit).await?;
        let Some(last) = staged.last() else { break };
        after = last.reference_id;
        let mut written = apply_batch(transaction, target, &staged).await?;
        let rejected = mem::take(&mut written.rejected);
        written.attempted.push(target.rejects.add(transaction, run_id, input, rejected).await?);
        all.add(written);
    }
    all.add(remove(transaction, target).await?);
    changes::clear_applied(transaction, run_id).await?;
    Ok(all)
}

async fn apply_batch(
    transaction: &Transaction<'_>,
    target: &Target,
    staged: &[StagedRecord],
) -> Result<Written> {
    let ids: Vec<ReferenceId> = staged.iter().map(|record| record.reference_id).collect();
    let existing = references::existing(transaction, &ids).await?.into_iter().collect();
    let (added, known) = split(staged.iter().map(StagedRecord::as_record), &existing);
    match write_in_halves(transaction, target, &added, &known).await? {
        Attempt::Written(written) => Ok(written),
        // The whole run is one transaction here, so the caller must retry all of it.
        Attempt::Conflict => Err(Error::Contention { attempts: 1 }),
    }
}
