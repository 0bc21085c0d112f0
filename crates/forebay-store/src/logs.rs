//! Log lines of runs.
//!
//! Lines are written in batches by COPY, never one by one. They are partitioned by month; partitions are created on
//! demand and old ones are dropped as a whole.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{copy::CopyWriter, error::Result, row::ReadRow};

forebay_domain::words! {
    /// How much a line matters, least first.
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
    /// When it was said.
    pub logged_at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The line, without secrets and payload values.
    pub message: String,
    /// What belongs to it, an object.
    pub metadata: Value,
}

/// A line as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Increases; the cursor for reading on.
    pub log_id: i64,
    /// When it was said.
    pub logged_at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The line.
    pub message: String,
    /// What belongs to it.
    pub metadata: Value,
}

/// What a line must hold, in its message or metadata; case does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grep {
    /// This text.
    Text(String),
    /// Something that this regular expression of Postgres matches.
    Regex(String),
}

/// Which lines to read.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// Of this run.
    pub run_id: i64,
    /// That matter at least so much.
    pub min_level: Level,
    /// That hold this.
    pub grep: Option<Grep>,
    /// After this line.
    pub after: Option<i64>,
}

/// Adds lines of a run, and makes the months that they belong to.
pub async fn add(transaction: &Transaction<'_>, run_id: i64, lines: &[NewLine]) -> Result<()> {
    let times: Vec<Timestamp> = lines.iter().map(|line| line.logged_at).collect();
    let months = "select forebay_private.ensure_log_month(m.month) \
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

/// At most `limit` lines of a run, in the order in which they were said.
///
/// Errors: `database_refused` for a regular expression that is none.
pub async fn read(client: &impl GenericClient, filter: &LogFilter, limit: u32) -> Result<Vec<LogLine>> {
    let levels: Vec<&str> =
        Level::ALL.iter().filter(|level| **level >= filter.min_level).map(|level| level.as_str()).collect();
    let (text, regex) = match &filter.grep {
        None => (None, None),
        Some(Grep::Text(text)) => (Some(text), None),
        Some(Grep::Regex(regex)) => (None, Some(regex)),
    };
    let rows = client
        .query_typed(
            include_str!("logs/read.sql"),
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

/// Drops the months that ended longer ago than `retention` and returns their number. The lines of a month are dropped
/// together, so some are kept up to a month longer.
///
/// Errors: `database_refused` if readers are in the way; nothing is dropped then.
pub async fn prune(client: &impl GenericClient, retention: Duration) -> Result<u32> {
    let statement =
        "select forebay_private.drop_log_months(now() - make_interval(secs => $1)) as num_dropped";
    let row = client.query_typed_one(statement, &[(&retention.as_secs_f64(), Type::FLOAT8)]).await?;
    Ok(u32::try_from(row.read::<i32>("num_dropped")?).unwrap_or_default())
}

/// JSON text that Postgres can store: without the zero character, which its text cannot hold.
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
