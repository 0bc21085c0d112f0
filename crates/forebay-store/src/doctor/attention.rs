//! What waits for a person: held runs, breakers, sources that are no longer scraped, embeddings, rights on targets, and
//! targets that a web API can write.

use std::time::Duration;

use tokio_postgres::GenericClient;

use super::{
    pipeline_tables::{EXPOSED, GONE, TARGETS},
    seconds::seconds,
};
use crate::{error::Result, row::ReadRow};

/// A run that waits for a decision.
#[derive(Clone, Debug)]
pub struct HeldRun {
    /// The run.
    pub run_id: i64,
    /// Its source.
    pub source: String,
    /// Its scope, as text.
    pub scope: String,
    /// Why it is held.
    pub reason_code: Option<String>,
    /// Number of changes that it withholds.
    pub num_withheld: u64,
    /// For how long.
    pub held: Duration,
}

/// A breaker that is not closed.
#[derive(Clone, Debug)]
pub struct OpenBreaker {
    /// The source.
    pub source: String,
    /// Its state: open, `half_open` or `forced_open`.
    pub state: String,
    /// Why.
    pub reason_code: String,
    /// For how long.
    pub open: Duration,
}

/// A source with stored data that is no longer scraped.
#[derive(Clone, Debug)]
pub struct FrozenSource {
    /// The source.
    pub source: String,
    /// Whether it is enabled, so only its schedules are off.
    pub enabled: bool,
}

/// A pipeline with chunks that have no embedding.
#[derive(Clone, Debug)]
pub struct MissingEmbeddings {
    /// The pipeline.
    pub pipeline: String,
    /// Number of chunks.
    pub num_missing: u64,
    /// How many of them the endpoint has refused.
    pub num_refused: u64,
    /// One of its errors.
    pub error: Option<String>,
}

/// A table that a pipeline writes and this role may not.
#[derive(Clone, Debug)]
pub struct ClosedTarget {
    /// The pipeline.
    pub pipeline: String,
    /// The table.
    pub table: String,
    /// The missing rights; empty: the right to enter its schema.
    pub missing: String,
}

/// A table that a pipeline has filled and that is gone, or replaced by another one.
#[derive(Clone, Debug)]
pub struct GoneTarget {
    /// The pipeline.
    pub pipeline: String,
    /// The table.
    pub table: String,
    /// Whether another table has its name.
    pub is_replaced: bool,
}

/// A target of a pipeline that a role of a web API can write.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// The role.
    pub role: String,
    /// The table, with its schema.
    pub table: String,
}

/// Everything that waits for a person.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Held runs, oldest first.
    pub held: Vec<HeldRun>,
    /// Breakers that are not closed, by source.
    pub breakers: Vec<OpenBreaker>,
    /// Sources that are no longer scraped, by name.
    pub frozen: Vec<FrozenSource>,
    /// Pipelines without some of their embeddings, by name.
    pub embeddings: Vec<MissingEmbeddings>,
    /// Targets without rights, by pipeline.
    pub targets: Vec<ClosedTarget>,
    /// Targets that are gone, by pipeline.
    pub gone: Vec<GoneTarget>,
    /// Targets that a web API can write, by role.
    pub exposed: Vec<Exposed>,
}

/// The runs that wait for a decision, oldest first.
pub async fn held_runs(client: &impl GenericClient) -> Result<Vec<HeldRun>> {
    let rows = client.query_typed(include_str!("held.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeldRun {
                run_id: row.read("run_id")?,
                source: row.read("source")?,
                scope: row.read("scope")?,
                reason_code: row.read("reason_code")?,
                num_withheld: row.count("num_withheld")?,
                held: seconds(row, "held_seconds")?.unwrap_or_default(),
            })
        })
        .collect()
}

/// The breakers that are not closed, by source.
pub async fn open_breakers(client: &impl GenericClient) -> Result<Vec<OpenBreaker>> {
    let rows = client.query_typed(include_str!("breakers.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(OpenBreaker {
                source: row.read("source")?,
                state: row.read("state")?,
                reason_code: row.read("reason_code")?,
                open: seconds(row, "open_seconds")?.unwrap_or_default(),
            })
        })
        .collect()
}

impl Attention {
    /// Runs all checks.
    pub async fn read(client: &impl GenericClient) -> Result<Self> {
        let mut found = Self {
            held: held_runs(client).await?,
            breakers: open_breakers(client).await?,
            frozen: Vec::new(),
            embeddings: Vec::new(),
            targets: Vec::new(),
            gone: Vec::new(),
            exposed: Vec::new(),
        };
        for row in &client.query_typed(include_str!("frozen.sql"), &[]).await? {
            found.frozen.push(FrozenSource { source: row.read("source")?, enabled: row.read("enabled")? });
        }
        for row in &client.query_typed(include_str!("embeddings.sql"), &[]).await? {
            found.embeddings.push(MissingEmbeddings {
                pipeline: row.read("pipeline")?,
                num_missing: row.count("num_missing")?,
                num_refused: row.count("num_refused")?,
                error: row.read("error")?,
            });
        }
        for row in &client.query_typed(&TARGETS, &[]).await? {
            found.targets.push(ClosedTarget {
                pipeline: row.read("pipeline")?,
                table: row.read("table_name")?,
                missing: row.read("missing")?,
            });
        }
        for row in &client.query_typed(&GONE, &[]).await? {
            found.gone.push(GoneTarget {
                pipeline: row.read("pipeline")?,
                table: row.read("table_name")?,
                is_replaced: row.read("is_replaced")?,
            });
        }
        for row in &client.query_typed(&EXPOSED, &[]).await? {
            found.exposed.push(Exposed { role: row.read("role_name")?, table: row.read("table_name")? });
        }
        Ok(found)
    }
}
