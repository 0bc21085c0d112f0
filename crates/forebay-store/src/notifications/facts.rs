//! What notifications are about, read from the tables that other modules write. Nothing here judges.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{error::Result, row::ReadRow};

/// A source whose last run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingSource {
    /// The source.
    pub source: String,
    /// When the first run failed since one that did not.
    pub since: Timestamp,
    /// Number of failed runs since.
    pub num_failures: u64,
    /// The last one.
    pub run_id: i64,
    /// Why it failed.
    pub reason_code: Option<String>,
}

/// A pipeline many of whose deliveries fail.
#[derive(Clone, Debug, PartialEq)]
pub struct FailingPipeline {
    /// The pipeline.
    pub pipeline: String,
    /// Its source; `None`: every source.
    pub source: Option<String>,
    /// When the first attempt within the window failed.
    pub since: Timestamp,
    /// Number of attempts that failed within the window.
    pub num_failed: u64,
    /// Number of hand-offs that succeeded within the window, up to the number that would make the share acceptable.
    pub num_succeeded: u64,
    /// What fails most often, as a stable word.
    pub reason_code: String,
    /// Whether its endpoint was disabled because everything failed, so that no attempts are made.
    pub is_disabled: bool,
}

/// A pipeline whose last reconciliation found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The pipeline.
    pub pipeline: String,
    /// Its source; `None`: every source.
    pub source: Option<String>,
    /// When something was first found.
    pub found_at: Timestamp,
    /// Number of references that had not reached it, or differ in its target.
    pub num_wrong: u64,
    /// Number of them that were handed off again.
    pub num_repaired: u64,
}

/// Which pipelines count as failing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailingLimit {
    /// How far back attempts count.
    pub window: SignedDuration,
    /// The share of attempts, from 0 to 1, that may fail.
    pub share: f64,
    /// The smallest number of failures that counts.
    pub min_failed: u32,
}

/// Enabled sources whose runs have been failing for at least `failing_for`, by name.
pub async fn failing_sources(
    client: &impl GenericClient,
    failing_for: SignedDuration,
) -> Result<Vec<FailingSource>> {
    let rows = client
        .query_typed(include_str!("failing_sources.sql"), &[(&failing_for.as_secs_f64(), Type::FLOAT8)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(FailingSource {
                source: row.read("source")?,
                since: row.read("since")?,
                num_failures: row.count("num_failures")?,
                run_id: row.read("run_id")?,
                reason_code: row.read("reason_code")?,
            })
        })
        .collect()
}

/// Enabled pipelines too large a share of whose attempts failed, or that were disabled because all did, by name.
/// Throttled attempts don't count.
pub async fn failing_pipelines(
    client: &impl GenericClient,
    limit: &FailingLimit,
) -> Result<Vec<FailingPipeline>> {
    let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
        (&limit.window.as_secs_f64(), Type::FLOAT8),
        (&limit.share, Type::FLOAT8),
        (&i64::from(limit.min_failed), Type::INT8),
    ];
    let rows = client.query_typed(include_str!("failing_pipelines.sql"), &parameters).await?;
    rows.iter()
        .map(|row| {
            Ok(FailingPipeline {
                pipeline: row.read("pipeline")?,
                source: row.read("source")?,
                since: row.read("since")?,
                num_failed: row.count("num_failed")?,
                num_succeeded: row.count("num_succeeded")?,
                reason_code: row.read("reason_code")?,
                is_disabled: row.read("is_disabled")?,
            })
        })
        .collect()
}

/// What the last reconciliation of each pipeline found, by pipeline.
pub async fn findings(client: &impl GenericClient) -> Result<Vec<Finding>> {
    let statement = "select p.name as pipeline, p.source_name as source, f.found_at, f.num_wrong, f.num_repaired \
         from forebay.conservation_findings as f join forebay.pipelines as p using (pipeline_id) \
         where p.enabled order by p.name";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Finding {
                pipeline: row.read("pipeline")?,
                source: row.read("source")?,
                found_at: row.read("found_at")?,
                num_wrong: row.count("num_wrong")?,
                num_repaired: row.count("num_repaired")?,
            })
        })
        .collect()
}
