//! What pages show of many hand-offs without reading all of them: the open ones and the rates by pipeline, failures by
//! cause, and capped counts.

use std::{sync::LazyLock, time::Duration};

use jiff::Timestamp;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use super::show::{HandoffFilter, LIST, select};
use crate::{error::Result, row::ReadRow};

const CAUSES: &str = include_str!("causes.sql");
const BOARD: &str = include_str!("board.sql");
const RATES: &str = include_str!("rates.sql");

/// The predicate of the list without its order, so a count that stops early doesn't sort.
static COUNT: LazyLock<String> = LazyLock::new(|| {
    let predicate = LIST.rsplit_once("order by").map_or(LIST, |(before, _)| before);
    format!("select count(*) as num_handoffs from ({predicate} limit $4) as h")
});

/// Failed hand-offs of one pipeline with the same cause.
#[derive(Clone, Debug)]
pub struct FailureCause {
    /// The pipeline.
    pub pipeline: String,
    /// Why they failed, as a reason code.
    pub reason_code: String,
    /// What their last attempts reported.
    pub failure_code: Option<String>,
    /// Their number, within the cap.
    pub num_handoffs: u64,
    /// When the oldest of them was queued.
    pub oldest_enqueued_at: Timestamp,
    /// When the last of them failed.
    pub last_finished_at: Timestamp,
    /// The start of one of their messages.
    pub message: Option<String>,
}

/// Open or failed hand-offs of one pipeline in the same state.
#[derive(Clone, Debug)]
pub struct BoardCell {
    /// The pipeline.
    pub pipeline: String,
    /// Whether its hand-offs may be claimed.
    pub enabled: bool,
    /// Their state; `None`: the pipeline has none.
    pub state: Option<String>,
    /// Their number, within the cap.
    pub num_handoffs: u64,
    /// When the oldest of them was queued.
    pub oldest_enqueued_at: Option<Timestamp>,
}

/// What became of the latest attempts of one pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The pipeline.
    pub pipeline: String,
    /// Hand-offs that succeeded, within the cap.
    pub num_succeeded: u64,
    /// Attempts that failed, within the cap.
    pub num_failed: u64,
}

/// What became of the attempts of the last `window` by pipeline. At most `most` successes and `most` failures of each
/// are counted.
pub async fn rates(client: &impl GenericClient, window: Duration, most: i64) -> Result<Vec<Rate>> {
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&window.as_secs_f64(), Type::FLOAT8), (&most, Type::INT8)];
    let rows = client.query_typed(RATES, &parameters).await?;
    rows.iter()
        .map(|row| {
            Ok(Rate {
                pipeline: row.read("pipeline")?,
                num_succeeded: row.count("num_succeeded")?,
                num_failed: row.count("num_failed")?,
            })
        })
        .collect()
}

/// The open and the failed hand-offs by pipeline and state. At most `most` of each pipeline are counted.
pub async fn board(client: &impl GenericClient, most: i64) -> Result<Vec<BoardCell>> {
    let rows = client.query_typed(BOARD, &[(&most, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(BoardCell {
                pipeline: row.read("pipeline")?,
                enabled: row.read("enabled")?,
                state: row.read("state")?,
                num_handoffs: row.count("num_handoffs")?,
                oldest_enqueued_at: row.read("oldest_enqueued_at")?,
            })
        })
        .collect()
}

/// The failed hand-offs by cause, the most frequent first. Of each pipeline, the last
/// `most` are counted.
pub async fn causes(client: &impl GenericClient, most: i64) -> Result<Vec<FailureCause>> {
    let rows = client.query_typed(CAUSES, &[(&most, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(FailureCause {
                pipeline: row.read("pipeline")?,
                reason_code: row.read("reason_code")?,
                failure_code: row.read("failure_code")?,
                num_handoffs: row.count("num_handoffs")?,
                oldest_enqueued_at: row.read("oldest_enqueued_at")?,
                last_finished_at: row.read("last_finished_at")?,
                message: row.read("message")?,
            })
        })
        .collect()
}

/// Counts the hand-offs that [`super::list`] lists, up to the filter's limit.
pub async fn count(client: &impl GenericClient, filter: &HandoffFilter) -> Result<u64> {
    select(client, &COUNT, filter).await?.first().map_or(Ok(0), |row| row.count("num_handoffs"))
}
