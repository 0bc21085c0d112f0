//! Facts for a monitoring system that asks every few seconds. Counts of large tables stop at a limit.

use std::time::Duration;

use forebay_domain::run::RunStatus;
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::{Client, GenericClient, types::Type};

use crate::{
    doctor::{self, HeldRun, OpenBreaker},
    error::Result,
    freshness::{self, LedgerEntry, LedgerFilter},
    handoffs::{self, BoardCell},
    notifications::facts::{FailingLimit, FailingPipeline, failing_pipelines},
    row::ReadRow,
    workers::{self, Worker},
};

/// The limit on the time of each statement.
const TIME_LIMIT: &str = "set local statement_timeout = '5s'";
/// How many open and how many failed hand-offs of a pipeline are counted.
const MOST_HANDOFFS: i64 = 100_000;
/// Which pipelines fail: the limits that notifications have by default.
const FAILING: FailingLimit =
    FailingLimit { window: SignedDuration::from_mins(15), share: 0.1, min_failed: 10 };
/// How far back runs are counted.
const DAY: Duration = Duration::from_hours(24);
/// How many entries of the ledger of syncs are read in one statement, and in how many statements.
const PORTION: u32 = 1_000;
const MOST_PORTIONS: usize = 20;

/// The tables whose growth is of interest.
const TABLES: [&str; 9] = [
    "document_chunks",
    "documents",
    "ingestion_attempts",
    "ingestion_handoffs",
    "ingestion_outcomes",
    "reference_revisions",
    "references",
    "rejected_records",
    "scrape_logs",
];

/// Everything that is read at once.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The clock of the database.
    pub now: Timestamp,
    /// The open and the failed hand-offs by pipeline and state; at most 100,000 of each pipeline are counted.
    pub board: Vec<BoardCell>,
    /// Pipelines more than a tenth of whose attempts of the last 15 minutes failed, if those are at least ten.
    pub failing: Vec<FailingPipeline>,
    /// The runs that wait for a decision.
    pub held: Vec<HeldRun>,
    /// Every source with its last run.
    pub sources: Vec<SourceRuns>,
    /// The runs that began within the last 24 hours, by status.
    pub recent_runs: Vec<(RunStatus, u64)>,
    /// The breakers that are not closed.
    pub breakers: Vec<OpenBreaker>,
    /// The first 20,000 entries of the ledger of syncs.
    pub ledger: Vec<LedgerEntry>,
    /// All workers.
    pub workers: Vec<Worker>,
    /// The notifications that were not accepted.
    pub notifications: Vec<NotificationCount>,
    /// The tables that grow.
    pub tables: Vec<TableUse>,
}

/// A source and its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRuns {
    /// The source.
    pub source: String,
    /// Whether it is scraped.
    pub enabled: bool,
    /// The status of its last run that ended; `None`: none has.
    pub last_status: Option<RunStatus>,
    /// When that ended, in seconds since 1970.
    pub last_ended_at_seconds: Option<f64>,
    /// Number of failed runs since one that did not fail.
    pub num_failed: u64,
}

/// The notifications of a notifier in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationCount {
    /// The project that declares the notifier; empty: none.
    pub project: String,
    /// The notifier.
    pub notifier: String,
    /// The state.
    pub state: String,
    /// Their number.
    pub num_notifications: u64,
}

/// What the server's statistics say about a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableUse {
    /// The table, without its schema.
    pub table: String,
    /// Rows inserted since the statistics were last reset; `None`: it has partitions.
    pub num_inserted: Option<u64>,
    /// Rows updated since then; `None`: it has partitions.
    pub num_updated: Option<u64>,
    /// Rows deleted since then; `None`: it has partitions.
    pub num_deleted: Option<u64>,
    /// Live rows, estimated.
    pub num_live: u64,
    /// Dead rows, estimated.
    pub num_dead: u64,
    /// Its size with indexes, in bytes.
    pub num_bytes: u64,
}

/// Reads everything in one transaction. Statements that take too long are an error.
pub async fn read(client: &mut Client) -> Result<Facts> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    transaction.batch_execute(TIME_LIMIT).await?;
    Ok(Facts {
        now: handoffs::now(&transaction).await?,
        board: handoffs::board(&transaction, MOST_HANDOFFS).await?,
        failing: failing_pipelines(&transaction, &FAILING).await?,
        held: doctor::held_runs(&transaction).await?,
        sources: sources(&transaction).await?,
        recent_runs: recent_runs(&transaction).await?,
        breakers: doctor::open_breakers(&transaction).await?,
        ledger: ledger(&transaction).await?,
        workers: workers::list(&transaction, None).await?,
        notifications: notifications(&transaction).await?,
        tables: tables(&transaction).await?,
    })
}

async fn ledger(client: &impl GenericClient) -> Result<Vec<LedgerEntry>> {
    let mut filter = LedgerFilter::default();
    let mut entries: Vec<LedgerEntry> = Vec::new();
    for _ in 0..MOST_PORTIONS {
        let portion = freshness::list(client, &filter, PORTION).await?;
        let is_last = portion.len() < PORTION as usize;
        filter.after = portion.last().map(|entry| (entry.entity_type.clone(), entry.scope.clone()));
        entries.extend(portion);
        if is_last {
            break;
        }
    }
    Ok(entries)
}

async fn sources(client: &impl GenericClient) -> Result<Vec<SourceRuns>> {
    let rows = client.query_typed(include_str!("metrics/sources.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            let status: Option<String> = row.read("status")?;
            Ok(SourceRuns {
                source: row.read("source")?,
                enabled: row.read("enabled")?,
                last_status: status.map(|_| row.word("status")).transpose()?,
                last_ended_at_seconds: row.read("ended_at_seconds")?,
                num_failed: row.count("num_failed")?,
            })
        })
        .collect()
}

async fn recent_runs(client: &impl GenericClient) -> Result<Vec<(RunStatus, u64)>> {
    let statement = include_str!("metrics/recent_runs.sql");
    let rows = client.query_typed(statement, &[(&DAY.as_secs_f64(), Type::FLOAT8)]).await?;
    rows.iter().map(|row| Ok((row.word("status")?, row.count("num_runs")?))).collect()
}

async fn notifications(client: &impl GenericClient) -> Result<Vec<NotificationCount>> {
    let rows = client.query_typed(include_str!("metrics/notifications.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(NotificationCount {
                project: row.read("project")?,
                notifier: row.read("notifier")?,
                state: row.read("state")?,
                num_notifications: row.count("num_notifications")?,
            })
        })
        .collect()
}

async fn tables(client: &impl GenericClient) -> Result<Vec<TableUse>> {
    let statement = include_str!("metrics/tables.sql");
    let rows = client.query_typed(statement, &[(&TABLES.as_slice(), Type::TEXT_ARRAY)]).await?;
    rows.iter()
        .map(|row| {
            Ok(TableUse {
                table: row.read("table_name")?,
                num_inserted: row.read::<Option<i64>>("num_inserted")?.map(i64::unsigned_abs),
                num_updated: row.read::<Option<i64>>("num_updated")?.map(i64::unsigned_abs),
                num_deleted: row.read::<Option<i64>>("num_deleted")?.map(i64::unsigned_abs),
                num_live: row.count("num_live")?,
                num_dead: row.count("num_dead")?,
                num_bytes: row.count("num_bytes")?,
            })
        })
        .collect()
}
