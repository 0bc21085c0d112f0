//! Log lines of runs.
//!
//! Lines are written in batches by COPY, never one by one. They are partitioned by month; partitions are created on
//! demand, and `maintenance` drops old ones as a whole.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, Row, Transaction, types::Type};

use crate::{copy::CopyWriter, error::Result, row::ReadRow};

const MATCHING: &str = include_str!("logs/matching.sql");

forebay_domain::words! {
    /// The severity of a line, lowest first.
    pub enum Level {
        /// For troubleshooting.
        Debug = "debug",
        /// Normal operation.
        Info = "info",
        /// May need attention.
        Warn = "warn",
        /// An error.
        Error = "error",
    }
}

/// A line that is not stored yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLine {
    /// When it was logged.
    pub logged_at: Timestamp,
    /// Its severity.
    pub level: Level,
    /// The message, without secrets and payload values.
    pub message: String,
    /// Structured data, an object.
    pub metadata: Value,
}

/// A stored line.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Newer lines of a run have higher ids. The cursor for the next page.
    pub log_id: i64,
    /// When it was logged.
    pub logged_at: Timestamp,
    /// Its severity.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Structured data.
    pub metadata: Value,
}

/// A case-insensitive search in message and metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grep {
    /// Contains this text.
    Text(String),
    /// Matches this regular expression of Postgres.
    Regex(String),
}

/// Which lines to read.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// Lines of this run.
    pub run_id: i64,
    /// Lines of at least this severity.
    pub min_level: Level,
    /// Lines that match.
    pub grep: Option<Grep>,
    /// Lines after this one.
    pub after: Option<i64>,
}

impl LogFilter {
    /// The condition of the index on warnings and errors, where it holds.
    fn only_problems(&self) -> &'static str {
        if self.min_level >= Level::Warn { " and l.level in ('warn', 'error')" } else { "" }
    }
}

/// Adds lines of a run, and creates the partitions of their months.
pub async fn add(transaction: &Transaction<'_>, run_id: i64, lines: &[NewLine]) -> Result<()> {
    let times: Vec<Timestamp> = lines.iter().map(|line| line.logged_at).collect();
    let months = "select forebay_private.ensure_month('scrape_logs', m.month) \
         from (select distinct date_trunc('month', t.at at time zone 'UTC') at time zone 'UTC' as month \
             from unnest($1::timestamptz[]) as t (at)) as m";
    transaction.query_typed(months, &[(&times, Type::TIMESTAMPTZ_ARRAY)]).await?;
    let statement = "copy forebay.scrape_logs (run_id, logged_at, level, message, metadata) \
         from stdin with (format binary)";
    let mut copy = CopyWriter::begin(transaction, statement).await?;
    for line in lines {
        let metadata = storable(&line.metadata);
        copy.row(5)
            .await?
            .int8(run_id)
            .timestamp(line.logged_at)
            .text(line.level.as_str())
            .text(&line.message.replace('\0', "\u{fffd}"))
            .jsonb(metadata.as_bytes());
    }
    copy.finish().await?;
    Ok(())
}

/// At most `limit` lines of a run, oldest first.
///
/// Errors: `database_refused` for an invalid regular expression.
pub async fn read(client: &impl GenericClient, filter: &LogFilter, limit: u32) -> Result<Vec<LogLine>> {
    let statement = format!("{MATCHING}{} order by l.log_id limit $6", filter.only_problems());
    let rows = select(client, &statement, filter, limit).await?;
    rows.iter()
        .map(|row| {
            Ok(LogLine {
                log_id: row.read("log_id")?,
                logged_at: row.read("logged_at")?,
                level: row.word("level")?,
                message: row.read("message")?,
                metadata: row.read("metadata")?,
            })
        })
        .collect()
}

/// The position after which the last `number` lines of a run begin, to pass as `after`; `None`: no line matches.
pub async fn before_last(
    client: &impl GenericClient,
    filter: &LogFilter,
    number: u32,
) -> Result<Option<i64>> {
    let statement = format!(
        "select min(t.log_id) - 1 as before from ({MATCHING}{} order by l.log_id desc limit $6) as t",
        filter.only_problems()
    );
    match select(client, &statement, filter, number).await?.first() {
        Some(row) => row.read("before"),
        None => Ok(None),
    }
}

/// Runs a statement with the parameters of a filter.
async fn select(
    client: &impl GenericClient,
    statement: &str,
    filter: &LogFilter,
    limit: u32,
) -> Result<Vec<Row>> {
    let levels: Vec<&str> =
        Level::ALL.iter().filter(|level| **level >= filter.min_level).map(|level| level.as_str()).collect();
    let (text, regex) = match &filter.grep {
        None => (None, None),
        Some(Grep::Text(text)) => (Some(text), None),
        Some(Grep::Regex(regex)) => (None, Some(regex)),
    };
    let rows = client
        .query_typed(
            statement,
            &[
                (&filter.run_id, Type::INT8),
                (&filter.after, Type::INT8),
                (&levels, Type::TEXT_ARRAY),
                (&text, Type::TEXT),
                (&regex, Type::TEXT),
                (&i64::from(limit), Type::INT8),
            ],
        )
        .await?;
    Ok(rows)
}

/// JSON text without zero characters, which Postgres text can't contain.
fn storable(metadata: &Value) -> String {
    let text = metadata.to_string();
    if !text.contains("\\u0000") {
        return text;
    }
    without_zero(metadata).to_string()
}

/// Metadata is built here and one or two levels deep; only its strings come from outside.
fn without_zero(value: &Value) -> Value {
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(values) => values.iter().map(without_zero).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (clean(name), without_zero(value))).collect()
        }
        other => other.clone(),
    }
}
