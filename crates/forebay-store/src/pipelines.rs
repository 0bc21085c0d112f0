//! Pipelines: where changes go, as declared by the configuration.

use tokio_postgres::{GenericClient, Row, types::Type};

use crate::error::Result;

const DECLARE: &str = include_str!("pipelines/declare.sql");

const COLUMNS: &str = "pipeline_id, name, source_name, handler, config, enabled";

/// A pipeline as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Short id inside this database.
    pub pipeline_id: i32,
    /// What was declared.
    pub spec: PipelineSpec,
}

/// What a caller declares of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineSpec {
    /// Stable name: a letter or digit, then up to 62 letters, digits, `_`, `.` or `-`.
    pub name: String,
    /// The one source whose changes it takes; None: every source.
    pub source_name: Option<String>,
    /// What carries a change out: `table` or `documents`.
    pub handler: String,
    /// Settings of the handler, a JSON object.
    pub config: serde_json::Value,
    /// False: no new hand-offs are made for it, and its jobs rest.
    pub enabled: bool,
}

/// Declares a pipeline: adds it, or brings its entry up to date. Tells whether anything changed; if not, nothing is
/// written. The settings must have been checked by the handler.
pub async fn declare(client: &impl GenericClient, spec: &PipelineSpec) -> Result<bool> {
    let num_written = client
        .execute_typed(
            DECLARE,
            &[
                (&spec.name, Type::TEXT),
                (&spec.source_name, Type::TEXT),
                (&spec.handler, Type::TEXT),
                (&spec.config, Type::JSONB),
                (&spec.enabled, Type::BOOL),
            ],
        )
        .await?;
    Ok(num_written > 0)
}

/// All pipelines, in the order in which they were declared.
pub async fn list(client: &impl GenericClient) -> Result<Vec<Pipeline>> {
    let statement = format!("select {COLUMNS} from forebay.pipelines order by pipeline_id");
    client.query_typed(&statement, &[]).await?.iter().map(from_row).collect()
}

/// Finds a pipeline by its name.
pub async fn find(client: &impl GenericClient, name: &str) -> Result<Option<Pipeline>> {
    let statement = format!("select {COLUMNS} from forebay.pipelines where name = $1");
    client.query_typed_opt(&statement, &[(&name, Type::TEXT)]).await?.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> Result<Pipeline> {
    Ok(Pipeline {
        pipeline_id: row.try_get(0)?,
        spec: PipelineSpec {
            name: row.try_get(1)?,
            source_name: row.try_get(2)?,
            handler: row.try_get(3)?,
            config: row.try_get(4)?,
            enabled: row.try_get(5)?,
        },
    })
}
