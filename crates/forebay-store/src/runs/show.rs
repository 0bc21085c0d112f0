//! Runs as an operator sees them.

use forebay_domain::run::{Counts, RunStatus};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use super::counts_from;
use crate::error::Result;

/// A run with its source's name.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Short id.
    pub run_id: i64,
    /// Its source.
    pub source_id: i32,
    /// Its source's name.
    pub source: String,
    /// The scope that it covers, as text.
    pub scope: String,
    /// How it stands.
    pub status: RunStatus,
    /// Why, as a stable word.
    pub reason_code: Option<String>,
    /// Why, as a sentence.
    pub message: Option<String>,
    /// It was declared to cover its scope completely.
    pub is_complete: bool,
    /// The thresholds in force; None: guards were off.
    pub guards: Option<serde_json::Value>,
    /// Its changes are handed off.
    pub with_handoffs: bool,
    /// What brought the records.
    pub engine: String,
    /// The file, `-` or URL.
    pub input: String,
    /// When the source was observed.
    pub observed_at: Timestamp,
    /// When Forebay began to record it.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Its counts.
    pub counts: Counts,
    /// Hand-offs that it queued.
    pub num_handoffs: i64,
    /// Changes that wait for an operator.
    pub num_staged: i64,
    /// Coverage of its fields, 0 to 1, by name.
    pub coverage: Vec<(String, f64)>,
    /// HTTP requests that were sent.
    pub num_requests: i64,
    /// Answers that said that nothing has changed (304).
    pub num_not_modified: i64,
    /// Bytes of answers' bodies as they came over the network.
    pub bytes_received: i64,
}

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Only this source.
    pub source: Option<String>,
    /// Only this state.
    pub status: Option<RunStatus>,
    /// At most so many, newest first.
    pub limit: i64,
}

/// A rejected record, as it was kept.
#[derive(Clone, Debug)]
pub struct RejectedRecord {
    /// The input that it stood in.
    pub input: String,
    /// Its line, from 1.
    pub line: Option<i64>,
    /// Why, as a stable word.
    pub reason_code: String,
    /// Why, as a sentence.
    pub message: String,
    /// Its text, if it is text.
    pub raw_text: Option<String>,
    /// Its whole length in bytes.
    pub raw_length: i64,
}

/// Lists runs, newest first.
pub async fn list(client: &impl GenericClient, filter: &RunFilter) -> Result<Vec<RunRow>> {
    let status = filter.status.map(RunStatus::as_str);
    let rows = client
        .query_typed(
            include_str!("list.sql"),
            &[
                (&filter.source, Type::TEXT),
                (&status, Type::TEXT),
                (&None::<i64>, Type::INT8),
                (&filter.limit, Type::INT8),
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Finds a run by its id.
pub async fn find(client: &impl GenericClient, run_id: i64) -> Result<Option<RunRow>> {
    let rows = client
        .query_typed(
            include_str!("list.sql"),
            &[
                (&None::<String>, Type::TEXT),
                (&None::<String>, Type::TEXT),
                (&Some(run_id), Type::INT8),
                (&1_i64, Type::INT8),
            ],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// What a run rejected, in the order of the input.
pub async fn rejected(client: &impl GenericClient, run_id: i64, limit: i64) -> Result<Vec<RejectedRecord>> {
    let rows = client
        .query_typed(
            "select input, line, reason_code, message, raw_text, raw_length from forebay.rejected_records \
             where run_id = $1 order by rejected_id limit $2",
            &[(&run_id, Type::INT8), (&limit, Type::INT8)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(RejectedRecord {
                input: row.try_get(0)?,
                line: row.try_get(1)?,
                reason_code: row.try_get(2)?,
                message: row.try_get(3)?,
                raw_text: row.try_get(4)?,
                raw_length: row.try_get(5)?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<RunRow> {
    let fields: Vec<String> = row.try_get(26)?;
    let shares: Vec<f64> = row.try_get(27)?;
    Ok(RunRow {
        run_id: row.try_get(0)?,
        source_id: row.try_get(1)?,
        source: row.try_get(2)?,
        scope: row.try_get(3)?,
        // The check constraint lets no other word in.
        status: RunStatus::parse(row.try_get(4)?).unwrap_or(RunStatus::Failed),
        reason_code: row.try_get(5)?,
        message: row.try_get(6)?,
        is_complete: row.try_get(7)?,
        guards: row.try_get(8)?,
        with_handoffs: row.try_get(9)?,
        engine: row.try_get(10)?,
        input: row.try_get(11)?,
        observed_at: row.try_get(12)?,
        started_at: row.try_get(13)?,
        ended_at: row.try_get(14)?,
        duration_ms: row.try_get(15)?,
        counts: counts_from(row, 16)?,
        num_handoffs: row.try_get(24)?,
        num_staged: row.try_get(25)?,
        coverage: fields.into_iter().zip(shares).collect(),
        num_requests: row.try_get(28)?,
        num_not_modified: row.try_get(29)?,
        bytes_received: row.try_get(30)?,
    })
}
