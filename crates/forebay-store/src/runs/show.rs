//! Runs, for operators.

use forebay_domain::{
    reject::RejectReason,
    run::{Counts, RunStatus},
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{error::Result, row::ReadRow};

/// A run with its source's name.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Short id.
    pub run_id: i64,
    /// Its source.
    pub source_id: i32,
    /// Its source's name.
    pub source: String,
    /// Its scope, as text.
    pub scope: String,
    /// Its status.
    pub status: RunStatus,
    /// The reason code.
    pub reason_code: Option<String>,
    /// The reason as a sentence.
    pub message: Option<String>,
    /// Whether the input was declared to cover its scope completely.
    pub is_complete: bool,
    /// The thresholds in force; `None`: guards were off.
    pub guards: Option<serde_json::Value>,
    /// Whether its changes are handed off.
    pub with_handoffs: bool,
    /// The name of the component that supplied the records.
    pub engine: String,
    /// The file, `-` or URL.
    pub input: String,
    /// When the source was observed.
    pub observed_at: Timestamp,
    /// When Forebay began to store it.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its duration in milliseconds.
    pub duration_ms: Option<i64>,
    /// Its counts.
    pub counts: Counts,
    /// Number of hand-offs that it queued.
    pub num_handoffs: i64,
    /// Changes that wait for a later run or an operator.
    pub num_withheld: i64,
    /// References that it moved to other keys.
    pub num_rekeyed: i64,
    /// The run that undid it.
    pub reverted_by: Option<i64>,
    /// Coverage of its fields, 0 to 1, by name.
    pub coverage: Vec<(String, f64)>,
    /// Number of HTTP requests.
    pub num_requests: i64,
    /// Number of 304 (Not Modified) responses.
    pub num_not_modified: i64,
    /// Bytes of response bodies as received from the network.
    pub bytes_received: i64,
    /// The hosts of its requests, in [`find`] only: an array of `{host, num_requests, num_not_modified, seconds}`.
    pub hosts: serde_json::Value,
}

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Only this source.
    pub source: Option<String>,
    /// Only this status.
    pub status: Option<RunStatus>,
    /// Only runs that started at this time or later.
    pub since: Option<Timestamp>,
    /// Only runs after this one in the list, so older ones.
    pub after: Option<i64>,
    /// Maximum number, newest first.
    pub limit: i64,
}

/// A stored rejected record.
#[derive(Clone, Debug)]
pub struct RejectedRecord {
    /// The input that contained it.
    pub input: String,
    /// Its line, from 1.
    pub line: Option<i64>,
    /// The reason code.
    pub reason_code: String,
    /// The reason as a sentence.
    pub message: String,
    /// Its text, if it is text.
    pub raw_text: Option<String>,
    /// Its full length in bytes.
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
                (&filter.after, Type::INT8),
                (&filter.since, Type::TIMESTAMPTZ),
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
                (&None::<i64>, Type::INT8),
                (&None::<Timestamp>, Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// The id of the run that started last; `None`: there are no runs.
pub async fn latest(client: &impl GenericClient) -> Result<Option<i64>> {
    let statement = "select max(run_id) as run_id from forebay.scrape_runs";
    client.query_typed_one(statement, &[]).await?.read("run_id")
}

/// When the `number`th newest run of a source that was forced or started by an AI tool began, if that was after a time.
pub async fn nth_newest_on_demand(
    client: &impl GenericClient,
    source: &str,
    number: i64,
    after: Timestamp,
) -> Result<Option<Timestamp>> {
    let rows = client
        .query_typed(
            "select r.started_at from forebay.scrape_runs r join forebay.sources s using (source_id) \
             where s.name = $1 and r.is_on_demand and r.started_at > $2::timestamptz order by r.started_at desc offset $3 - 1 limit 1",
            &[(&source, Type::TEXT), (&after, Type::TIMESTAMPTZ), (&number, Type::INT8)],
        )
        .await?;
    rows.first().map(|row| row.read("started_at")).transpose()
}

/// The rejected records of a run, in input order.
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
                input: row.read("input")?,
                line: row.read("line")?,
                reason_code: row.word::<RejectReason>("reason_code")?.to_string(),
                message: row.read("message")?,
                raw_text: row.read("raw_text")?,
                raw_length: row.read("raw_length")?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<RunRow> {
    let fields: Vec<String> = row.read("field_names")?;
    let shares: Vec<f64> = row.read("shares")?;
    Ok(RunRow {
        run_id: row.read("run_id")?,
        source_id: row.read("source_id")?,
        source: row.read("source")?,
        scope: row.read("scope")?,
        status: row.word("status")?,
        reason_code: row.read("reason_code")?,
        message: row.read("message")?,
        is_complete: row.read("is_complete")?,
        guards: row.read("guards")?,
        with_handoffs: row.read("with_handoffs")?,
        engine: row.read("engine")?,
        input: row.read("input")?,
        observed_at: row.read("observed_at")?,
        started_at: row.read("started_at")?,
        ended_at: row.read("ended_at")?,
        duration_ms: row.read("duration_ms")?,
        counts: counts_from(row)?,
        num_handoffs: row.read("num_handoffs")?,
        num_withheld: row.read("num_withheld")?,
        num_rekeyed: row.read("num_rekeyed")?,
        reverted_by: row.read("reverted_by")?,
        coverage: fields.into_iter().zip(shares).collect(),
        num_requests: row.read("num_requests")?,
        num_not_modified: row.read("num_not_modified")?,
        bytes_received: row.read("bytes_received")?,
        hosts: row.read("hosts")?,
    })
}

/// Reads the counts of a run.
fn counts_from(row: &Row) -> Result<Counts> {
    Ok(Counts {
        num_seen: row.count("num_seen")?,
        num_added: row.count("num_added")?,
        num_updated: row.count("num_updated")?,
        num_unchanged: row.count("num_unchanged")?,
        num_removed: row.count("num_removed")?,
        num_restored: row.count("num_restored")?,
        num_duplicate: row.count("num_duplicate")?,
        num_rejected: row.count("num_rejected")?,
    })
}
