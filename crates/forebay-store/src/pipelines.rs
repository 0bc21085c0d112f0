//! Pipelines: the destinations of changes, as declared by the configuration.

mod disabling;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::Result,
    projects::{DeclaredElsewhere, OnConflict},
    row::ReadRow,
};

pub use disabling::{DisabledReason, Health, disable, enable, note_deliveries};

const DECLARE: &str = include_str!("pipelines/declare.sql");

const COLUMNS: &str = "pipeline_id, name, source_name, entity_types, changed_fields, handler, config, retry, max_active, \
     rate_limit, limit_key, limit_key_is_url, key_max_active, key_rate_limit, max_pause_seconds, \
     worker_role, enabled, project, disabled_at, disabled_reason, failing_since, num_failures, \
     greatest(configured_at, receiver_changed_at) as declared_at";

/// A stored pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Short id inside this database.
    pub pipeline_id: i32,
    /// Its declaration.
    pub spec: PipelineSpec,
    /// When the settings that shape what is sent, or say where, were last changed. An attempt counts as made by them
    /// if its end is reported with this time.
    pub declared_at: Timestamp,
    /// Whether it is disabled nevertheless, and whether its endpoint fails.
    pub health: Health,
}

/// The declaration of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineSpec {
    /// Stable name: a letter or digit, then up to 62 letters, digits, `_`, `.` or `-`.
    pub name: String,
    /// The only source whose changes it takes; `None`: all sources.
    pub source_name: Option<String>,
    /// The entity types that it takes; empty: all types.
    pub entity_types: Vec<String>,
    /// The top-level fields that it reads: it takes a new version only if one of them changed. Empty: every new
    /// version. It always takes additions, removals and restorations.
    pub changed_fields: Vec<String>,
    /// The kind of handler: `table`, `documents`, `webhook`, `exec` or `external`.
    pub handler: String,
    /// Settings of the handler, a JSON object.
    pub config: Value,
    /// Overrides of `forebay.failure_policies`: for each failure class an object with `max_failures`,
    /// `base_delay_seconds` and `max_delay_seconds`, all optional.
    pub retry: Value,
    /// Limits over all its workers together.
    pub limits: Limits,
    /// The role whose members may work for it, if its handler is `external`; `None`: `forebay_worker`.
    pub worker_role: Option<String>,
    /// `false`: no new hand-offs are queued for it, and its jobs are not claimed.
    pub enabled: bool,
    /// The project that declares it; `None`: a program does.
    pub project: Option<String>,
}

/// The parts of a pipeline's settings whose change hands off again. Its handler decides what belongs to each.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// What shapes that which is sent or written, a JSON object without default values. If it changes, everything is
    /// handed off again.
    pub shape: Value,
    /// A digest of where changes are sent. If it changes, what has failed is handed off again.
    pub receiver: Option<String>,
}

/// The result of declaring a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It was stored like this, and nothing was written.
    Unchanged,
    /// It was added or updated, now or by a declaration whose [`repaired`] is still missing.
    Written,
    /// Another project declared it differently, and nothing was written.
    Elsewhere(DeclaredElsewhere),
}

/// Limits of claims, over all workers together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Maximum number of concurrently claimed jobs.
    pub max_active: Option<i32>,
    /// Maximum number of claims per second.
    pub rate: Option<f64>,
    /// The key for per-key limits.
    pub key: Option<LimitKey>,
    /// Maximum number of concurrently claimed jobs per key; needs `key`.
    pub key_max_active: Option<i32>,
    /// Maximum number of claims per second and key; needs `key`.
    pub key_rate: Option<f64>,
    /// How many seconds a receiver may pause the pipeline or a key with `Retry-After`; `None`: an hour.
    pub max_pause_seconds: Option<f64>,
}

/// The field whose value is the key for per-key limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitKey {
    /// The field's path in the payload.
    pub path: Vec<String>,
    /// The value is a URL, and its host is the key.
    pub is_url: bool,
}

/// The effect of a handler without settings.
impl Default for Effect {
    fn default() -> Self {
        Self { shape: json!({}), receiver: None }
    }
}

impl PipelineSpec {
    /// An enabled pipeline that takes every change of every source.
    pub fn new(name: impl Into<String>, handler: impl Into<String>, config: Value) -> Self {
        Self {
            name: name.into(),
            source_name: None,
            entity_types: Vec::new(),
            changed_fields: Vec::new(),
            handler: handler.into(),
            config,
            retry: json!({}),
            limits: Limits::default(),
            worker_role: None,
            enabled: true,
            project: None,
        }
    }

    /// Restricts it to one source.
    #[must_use]
    pub fn of_source(self, source_name: impl Into<String>) -> Self {
        Self { source_name: Some(source_name.into()), ..self }
    }
}

/// Declares a pipeline: adds or updates it. If nothing changed, nothing is written. The handler must have checked the
/// settings, and says what their effect is.
pub async fn declare(
    client: &impl GenericClient,
    spec: &PipelineSpec,
    effect: &Effect,
    on_conflict: OnConflict,
) -> Result<Stored> {
    let limits = &spec.limits;
    let (limit_key, is_url) = match &limits.key {
        Some(key) => (Some(&key.path), key.is_url),
        None => (None, false),
    };
    let row = client
        .query_typed_one(
            DECLARE,
            &[
                (&spec.name, Type::TEXT),
                (&spec.source_name, Type::TEXT),
                (&spec.entity_types, Type::TEXT_ARRAY),
                (&spec.changed_fields, Type::TEXT_ARRAY),
                (&spec.handler, Type::TEXT),
                (&spec.config, Type::JSONB),
                (&spec.retry, Type::JSONB),
                (&limits.max_active, Type::INT4),
                (&limits.rate, Type::FLOAT8),
                (&limit_key, Type::TEXT_ARRAY),
                (&is_url, Type::BOOL),
                (&limits.key_max_active, Type::INT4),
                (&limits.key_rate, Type::FLOAT8),
                (&spec.enabled, Type::BOOL),
                (&spec.project, Type::TEXT),
                (&on_conflict.takes_over(), Type::BOOL),
                (&limits.max_pause_seconds, Type::FLOAT8),
                (&effect.shape, Type::JSONB),
                (&effect.receiver, Type::TEXT),
                (&spec.worker_role, Type::TEXT),
            ],
        )
        .await?;
    if row.read("is_written")? {
        return Ok(Stored::Written);
    }
    Ok(match row.read("owner")? {
        Some(owner) => Stored::Elsewhere(DeclaredElsewhere { name: spec.name.clone(), owner }),
        None => Stored::Unchanged,
    })
}

/// When a declaration of the pipeline began to hand off what it misses. `None`: all was handed off.
pub async fn repair_began_at(client: &impl GenericClient, pipeline_id: i32) -> Result<Option<Timestamp>> {
    let statement = "select repair_began_at from forebay.pipelines where pipeline_id = $1";
    let row = client.query_typed_opt(statement, &[(&pipeline_id, Type::INT4)]).await?;
    Ok(row.map(|row| row.read("repair_began_at")).transpose()?.flatten())
}

/// Notes that everything is handed off that the pipeline missed at `began_at`, unless it was declared again since.
pub async fn repaired(client: &impl GenericClient, pipeline_id: i32, began_at: Timestamp) -> Result<()> {
    let statement = "update forebay.pipelines set repair_began_at = null \
         where pipeline_id = $1 and repair_began_at = $2";
    client.execute_typed(statement, &[(&pipeline_id, Type::INT4), (&began_at, Type::TIMESTAMPTZ)]).await?;
    Ok(())
}

/// Disables the pipelines of a project that are not in `named`, which it no longer owns. Returns their names, and
/// whether each was enabled.
pub async fn disable_others(
    client: &impl GenericClient,
    project: &str,
    named: &[&str],
) -> Result<Vec<(String, bool)>> {
    let statement = "update forebay.pipelines as p set enabled = false, project = null, updated_at = now() \
         from (select pipeline_id, enabled from forebay.pipelines \
             where project = $1 and name <> all($2) for update) as before \
         where p.pipeline_id = before.pipeline_id returning p.name, before.enabled as was_enabled";
    let rows = client.query_typed(statement, &[(&project, Type::TEXT), (&named, Type::TEXT_ARRAY)]).await?;
    let disabled = rows.iter().map(|row| Ok((row.read("name")?, row.read("was_enabled")?)));
    let mut disabled: Vec<(String, bool)> = disabled.collect::<Result<_>>()?;
    disabled.sort_unstable();
    Ok(disabled)
}

/// All pipelines, in the order of their first declaration.
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
    let path: Option<Vec<String>> = row.read("limit_key")?;
    let is_url = row.read("limit_key_is_url")?;
    Ok(Pipeline {
        pipeline_id: row.read("pipeline_id")?,
        spec: PipelineSpec {
            name: row.read("name")?,
            source_name: row.read("source_name")?,
            entity_types: row.read("entity_types")?,
            changed_fields: row.read("changed_fields")?,
            handler: row.read("handler")?,
            config: row.read("config")?,
            retry: row.read("retry")?,
            limits: Limits {
                max_active: row.read("max_active")?,
                rate: row.read("rate_limit")?,
                key: path.map(|path| LimitKey { path, is_url }),
                key_max_active: row.read("key_max_active")?,
                key_rate: row.read("key_rate_limit")?,
                max_pause_seconds: row.read("max_pause_seconds")?,
            },
            worker_role: row.read("worker_role")?,
            enabled: row.read("enabled")?,
            project: row.read("project")?,
        },
        declared_at: row.read("declared_at")?,
        health: disabling::health(row)?,
    })
}
