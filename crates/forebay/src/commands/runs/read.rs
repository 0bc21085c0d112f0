//! Reads runs in full, for every command that prints one.

use forebay_domain::run::RunStatus;
use forebay_engine::Error;
use forebay_store::{
    changes,
    connect::Client,
    drift,
    logs::{self, Level, LogFilter},
    runs::{self, RunRow},
};
use forebay_views::{HeldChange, LogLine, RejectedRecord, Run, RunDecision, RunDetail};

use crate::failure::Failure;

/// Maximum number of rejected records, held changes and log lines to show per run.
const SHOWN: u32 = 20;

/// A run by its id. Errors: `no_such_run`.
pub(crate) async fn run(client: &Client, run_id: i64) -> Result<Run, Failure> {
    with_drift(client, row(client, run_id).await?).await
}

/// A run with its drift.
async fn with_drift(client: &Client, row: RunRow) -> Result<Run, Failure> {
    let drift = drift::of_run(&***client, row.run_id).await?;
    Ok(Run::new(row, drift))
}

/// A run after an operator's decision.
pub(super) async fn decision(
    client: &Client,
    row: RunRow,
    num_rekeyed: Option<u64>,
) -> Result<RunDecision, Failure> {
    Ok(RunDecision { run: with_drift(client, row).await?, num_rekeyed })
}

/// A run with its details. Errors: `no_such_run`.
pub(crate) async fn detail(client: &Client, run_id: i64) -> Result<RunDetail, Failure> {
    let row = row(client, run_id).await?;
    let is_held = row.status == RunStatus::Held;
    let (held, held_changes) = if is_held {
        let changes = changes::held(&***client, run_id, i64::from(SHOWN)).await?;
        (Some(changes::totals(&***client, run_id).await?.into()), changes)
    } else {
        (None, Vec::new())
    };
    let filter = LogFilter { run_id, min_level: Level::Warn, grep: None, after: None };
    let log = logs::read(&***client, &filter, SHOWN).await?;
    let rejected = runs::rejected(&***client, run_id, i64::from(SHOWN)).await?;
    Ok(RunDetail {
        run: with_drift(client, row).await?,
        held,
        held_changes: held_changes.into_iter().map(HeldChange::from).collect(),
        rejected: rejected.into_iter().map(RejectedRecord::from).collect(),
        log: log.into_iter().map(LogLine::from).collect(),
    })
}

async fn row(client: &Client, run_id: i64) -> Result<RunRow, Failure> {
    Ok(runs::find(&***client, run_id).await?.ok_or(Error::NoSuchRun { run_id })?)
}
