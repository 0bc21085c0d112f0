//! Pauses: a pipeline, or one key of its limits, whose hand-offs wait, because the receiver asked for it or an
//! operator.

use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{error::Result, row::ReadRow};

const PAUSE: &str = include_str!("pauses/pause.sql");
const LIFT: &str = include_str!("pauses/lift.sql");
const MAKE_DUE: &str = include_str!("pauses/make_due.sql");

/// The end of a pause that lasts until it is lifted: 9999-01-01.
pub const UNTIL_RESUMED: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// A pipeline, or a key of its limits, whose hand-offs wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The pipeline.
    pub pipeline: String,
    /// The value of the pipeline's `limits.key`; `None`: the whole pipeline.
    pub key: Option<String>,
    /// When it ends.
    pub until: Timestamp,
}

/// Pauses a pipeline or one of its keys, and replaces the time of a pause that there is. Attempts that began continue.
pub async fn pause(
    client: &impl GenericClient,
    pipeline_id: i32,
    key: Option<&str>,
    until: Timestamp,
) -> Result<()> {
    let key = key.unwrap_or_default();
    client
        .execute_typed(PAUSE, &[(&pipeline_id, Type::INT4), (&key, Type::TEXT), (&until, Type::TIMESTAMPTZ)])
        .await?;
    Ok(())
}

/// Lifts the pause of a key, or without one all pauses of the pipeline. Returns them, for [`make_due`].
pub async fn lift(client: &impl GenericClient, pipeline_id: i32, key: Option<&str>) -> Result<Vec<Pause>> {
    let rows = client.query_typed(LIFT, &[(&pipeline_id, Type::INT4), (&key, Type::TEXT)]).await?;
    rows.iter().map(from_row).collect()
}

/// Makes due what waited because of pauses that were lifted. Call it after the transaction that lifted them: a worker
/// that ends attempts locks hand-offs first and the pause after them.
pub async fn make_due(client: &impl GenericClient, pipeline_id: i32, lifted: &[Pause]) -> Result<()> {
    for pause in lifted {
        client
            .execute_typed(
                MAKE_DUE,
                &[(&pipeline_id, Type::INT4), (&pause.key, Type::TEXT), (&pause.until, Type::TIMESTAMPTZ)],
            )
            .await?;
    }
    Ok(())
}

/// The pauses that have not ended, of one pipeline or of all, by pipeline and key.
pub async fn list(client: &impl GenericClient, pipeline: Option<&str>) -> Result<Vec<Pause>> {
    let statement = "select p.name as pipeline, nullif(l.limit_key, '') as key, l.paused_until \
         from forebay.ingestion_limits as l join forebay.pipelines as p using (pipeline_id) \
         where l.paused_until > now() and ($1::text is null or p.name = $1) order by p.name, l.limit_key";
    client.query_typed(statement, &[(&pipeline, Type::TEXT)]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Pause> {
    Ok(Pause { pipeline: row.read("pipeline")?, key: row.read("key")?, until: row.read("paused_until")? })
}
