//! Breakers in every state.

use forebay_domain::breaker::{BreakerCommand, BreakerPolicy, CallOutcome, MAX_RETRY_AFTER, Permit, ProbeId};
use forebay_store::breakers::{self, Ended};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Transaction;

use super::dataset::{BOOKS, COURSES, Dataset, MENUS, PROFESSORS, SHUTTLES};
use crate::error::Result;

const PROBE: ProbeId = [7; 16];

pub(super) async fn make(dataset: &Dataset<'_>) -> Result<()> {
    let policy = BreakerPolicy::default();
    let mut client = dataset.database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let now = dataset.now;
    // Closed, with a call in its window.
    let courses = dataset.source_id(COURSES).await?;
    record(&transaction, courses, CallOutcome::Success, None, now).await?;
    // Open for a day.
    let professors = dataset.source_id(PROFESSORS).await?;
    fail(&transaction, professors, Some(MAX_RETRY_AFTER), now).await?;
    // Half open: the wait of an earlier failure is over, and a probe goes through.
    let books = dataset.source_id(BOOKS).await?;
    fail(&transaction, books, None, dataset.ago(SignedDuration::from_mins(50))).await?;
    breakers::ask(&transaction, books, &policy, now, PROBE).await?;
    for (source, command) in [(MENUS, BreakerCommand::ForceOpen), (SHUTTLES, BreakerCommand::Disable)] {
        breakers::operate(&transaction, dataset.source_id(source).await?, command, now).await?;
    }
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(())
}

/// As many failures as open a breaker.
async fn fail(
    transaction: &Transaction<'_>,
    source_id: i32,
    retry_after: Option<SignedDuration>,
    at: Timestamp,
) -> Result<()> {
    for _ in 0..BreakerPolicy::default().max_consecutive.unwrap_or_default() {
        record(transaction, source_id, CallOutcome::Transient, retry_after, at).await?;
    }
    Ok(())
}

async fn record(
    transaction: &Transaction<'_>,
    source_id: i32,
    outcome: CallOutcome,
    retry_after: Option<SignedDuration>,
    at: Timestamp,
) -> Result<()> {
    let ended = Ended { outcome, retry_after, run_id: None };
    let permit = Permit { probe: None };
    breakers::record(transaction, source_id, &BreakerPolicy::default(), permit, &ended, at, 0.0).await?;
    Ok(())
}
