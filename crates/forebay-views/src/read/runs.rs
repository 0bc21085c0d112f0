//! Reads runs, for every command and tool that prints them.

use std::collections::BTreeMap;

use forebay_domain::run::RunStatus;
use forebay_engine::Error;
use forebay_store::{
    changes,
    connect::Client,
    drift,
    logs::{self, Level, LogFilter},
    runs::{self, RunFilter, RunRow},
};

use crate::{
    HeldChange, LogLine, Page, RejectedRecord, Run, RunDetail, RunSummary, cursor, failure::Failure, names,
};

/// Maximum number of rejected records, held changes and log lines to show per run.
const SHOWN: u32 = 20;

/// A run by its id. Errors: `no_such_run`.
pub async fn run(client: &Client, run_id: i64) -> Result<Run, Failure> {
    with_drift(client, row(client, run_id).await?).await
}

/// A run with its drift.
pub async fn with_drift(client: &Client, row: RunRow) -> Result<Run, Failure> {
    let drift = drift::of_run(&***client, row.run_id).await?;
    Ok(Run::new(row, drift))
}

/// A page of runs, with at most the filter's limit. Errors: `no_such_source`.
pub async fn page(client: &Client, mut filter: RunFilter) -> Result<Page<RunSummary>, Failure> {
    if let Some(name) = &filter.source {
        names::source(client, name).await?;
    }
    let limit = filter.limit;
    filter.limit += 1;
    cursor::page(runs::list(&***client, &filter).await?, limit, |last| last.run_id)
}

/// A run with its details. Errors: `no_such_run`.
pub async fn detail(client: &Client, run_id: i64) -> Result<RunDetail, Failure> {
    let row = row(client, run_id).await?;
    let is_held = row.status == RunStatus::Held;
    let process_died = row.status == RunStatus::Running
        && runs::dead(&***client).await?.iter().any(|dead| dead.run_id == run_id);
    let (held, held_changes) = if is_held {
        let changes = changes::differences(&***client, run_id, None, i64::from(SHOWN)).await?;
        (Some(changes::totals(&***client, run_id).await?.into()), changes)
    } else {
        (None, Vec::new())
    };
    let filter = LogFilter { run_id, min_level: Level::Warn, grep: None, after: None };
    let log = logs::read(&***client, &filter, SHOWN).await?;
    let rejected = runs::rejected(&***client, run_id, i64::from(SHOWN)).await?;
    Ok(RunDetail {
        run: with_drift(client, row).await?,
        process_died,
        held,
        held_changes: held_changes.into_iter().map(HeldChange::from).collect(),
        rejected: rejected.into_iter().map(RejectedRecord::from).collect(),
        log: log.into_iter().map(LogLine::from).collect(),
    })
}

/// The usual share (0 to 1) of records with a value, by field: the median over the last good runs of its scope, as its
/// guards learn from them. Empty: there were none.
pub async fn usual_coverage(client: &Client, run_id: i64) -> Result<BTreeMap<String, f64>, Failure> {
    let row = row(client, run_id).await?;
    // Only a scope that another program wrote can be unreadable.
    let scope = row.scope.parse().unwrap_or_default();
    let mut shares: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for past in runs::history(&***client, row.source_id, &scope).await? {
        for (field, number) in past.fields {
            shares.entry(field).or_default().push(number as f64 / past.num_records.max(1) as f64);
        }
    }
    let median = |mut shares: Vec<f64>| {
        shares.sort_by(f64::total_cmp);
        shares[shares.len() / 2]
    };
    Ok(shares.into_iter().map(|(field, shares)| (field, median(shares))).collect())
}

async fn row(client: &Client, run_id: i64) -> Result<RunRow, Failure> {
    Ok(runs::find(&***client, run_id).await?.ok_or(Error::NoSuchRun { run_id })?)
}

/// A page of the log of a run, oldest first. `next` is the `log_id` of its last line.
pub async fn log(client: &Client, filter: &LogFilter, limit: u32) -> Result<Page<LogLine>, Failure> {
    // One more, to know whether there are more.
    let lines = logs::read(&***client, filter, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(log_page(lines.into_iter().map(LogLine::from).collect(), limit))
}

/// At most `limit` of some lines.
pub fn log_page(mut items: Vec<LogLine>, limit: usize) -> Page<LogLine> {
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_more).map(|line| line.log_id.to_string());
    Page { items, next }
}

/// The first rejected records of a run. Error: `no_such_run`.
pub async fn rejected(client: &Client, run_id: i64, limit: u32) -> Result<Page<RejectedRecord>, Failure> {
    row(client, run_id).await?;
    let rejected = runs::rejected(&***client, run_id, i64::from(limit)).await?;
    Ok(rejected.into_iter().map(RejectedRecord::from).collect::<Vec<_>>().into())
}

/// The status of a run. Error: `no_such_run`.
pub async fn status(client: &Client, run_id: i64) -> Result<RunStatus, Failure> {
    Ok(row(client, run_id).await?.status)
}
