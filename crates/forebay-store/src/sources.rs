//! Sources and the pipelines that take their changes.

use jiff::Timestamp;
use tokio_postgres::{
    GenericClient, Row,
    types::{ToSql, Type},
};

use crate::{error::Result, row::ReadRow};

pub mod change;
mod mirror;

pub use mirror::{Declaration, MIRROR, Mirrored, mirror, release_others, take_over};

/// A stored source.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct Source {
    /// Short id inside this database.
    pub source_id: i32,
    /// Stable name.
    pub name: String,
    /// The entity type of its records.
    pub entity_type: String,
    /// The fields that make up a record's key, in order.
    pub key_fields: Vec<String>,
    /// Field rules, duplicate policy and guards as last used.
    pub policy: serde_json::Value,
    /// Incremented when key fields or policy change.
    pub parser_version: i32,
    /// Whether a re-key has moved keys of this source, so computed ids must be resolved.
    pub has_aliases: bool,
    /// Whether an input of it has ever had an end line.
    pub sends_end_line: bool,
    /// Its kind, as configured; `None`: other programs supply its records.
    pub kind: Option<String>,
    /// Its settings as last configured, without secrets.
    pub settings: serde_json::Value,
    /// Whether it is scraped.
    pub enabled: bool,
    /// Whether signed-in users of a web API may read its active references.
    pub is_published: bool,
    /// The sources to try when it fails, in order.
    pub fallback: Vec<String>,
    /// The project whose configuration declared it, and whose declaration counts; `None`: none has.
    pub project: Option<String>,
    /// When the configuration last changed its declaration; `None`: the configuration doesn't declare it.
    pub declared_at: Option<Timestamp>,
}

/// The declaration of a source.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Stable name.
    pub name: String,
    /// The entity type of its records.
    pub entity_type: String,
    /// The fields that make up a record's key, in order.
    pub key_fields: Vec<String>,
    /// Field rules, duplicate policy and guards.
    pub policy: serde_json::Value,
    /// Whether it is published; `None`: as stored, or no.
    pub is_published: Option<bool>,
    /// The project that declares it, which owns it if no other does; `None`: a program does.
    pub project: Option<String>,
}

/// A source with its totals, for lists.
#[derive(Clone, Debug)]
pub struct SourceSummary {
    /// The source.
    pub source: Source,
    /// Its active references.
    pub num_active: i64,
    /// Its tombstones.
    pub num_removed: i64,
    /// When its last run ended.
    pub last_run_at: Option<Timestamp>,
}

/// Whether it has aliases is one step in an index, because of the order; `exists` may read the whole table.
const COLUMNS: &str = "s.source_id, s.name, s.entity_type, s.key_fields, s.policy, s.parser_version, \
     coalesce((select a.source_id from forebay.reference_aliases as a where a.source_id >= s.source_id \
         order by a.source_id limit 1) = s.source_id, false) as has_aliases, s.sends_end_line, s.kind, s.settings, s.enabled, \
     s.is_published, s.fallback, s.project, s.declared_at";

const DECLARE: &str = include_str!("sources/declare.sql");
const TOTALS: &str = include_str!("sources/totals.sql");

/// Finds a source by its name.
pub async fn find(client: &impl GenericClient, name: &str) -> Result<Option<Source>> {
    let statement = format!("select {COLUMNS} from forebay.sources as s where s.name = $1");
    let row = client.query_typed_opt(&statement, &[(&name, Type::TEXT)]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Declares a source: adds or updates it. Writes nothing if nothing changed.
pub async fn declare(client: &impl GenericClient, spec: &SourceSpec) -> Result<Source> {
    client
        .execute_typed(
            DECLARE,
            &[
                (&spec.name, Type::TEXT),
                (&spec.entity_type, Type::TEXT),
                (&spec.key_fields, Type::TEXT_ARRAY),
                (&spec.policy, Type::JSONB),
                (&spec.project, Type::TEXT),
                (&spec.is_published, Type::BOOL),
            ],
        )
        .await?;
    let statement = format!("select {COLUMNS} from forebay.sources as s where s.name = $1");
    from_row(&client.query_typed_one(&statement, &[(&spec.name, Type::TEXT)]).await?)
}

/// Publishes the sources of a project that are in `published` and no other of `named`, and returns the names of those
/// that changed. Sources of other projects and sources that aren't stored are left out.
pub async fn publish(
    client: &impl GenericClient,
    project: &str,
    named: &[&str],
    published: &[&str],
) -> Result<Vec<String>> {
    let statement = "update forebay.sources as s set is_published = not s.is_published, updated_at = now() \
         where s.name = any($2) and s.is_published <> (s.name = any($3)) and coalesce(s.project, $1) = $1 \
         returning s.name";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&project, Type::TEXT), (&named, Type::TEXT_ARRAY), (&published, Type::TEXT_ARRAY)];
    let rows = client.query_typed(statement, &parameters).await?;
    rows.iter().map(|row| row.read("name")).collect()
}

/// Remembers that an input of a source had an end line.
pub async fn remember_end_line(client: &impl GenericClient, source_id: i32) -> Result<()> {
    let statement =
        "update forebay.sources set sends_end_line = true where source_id = $1 and not sends_end_line";
    client.execute_typed(statement, &[(&source_id, Type::INT4)]).await?;
    Ok(())
}

/// The names of all sources, in order.
pub async fn names(client: &impl GenericClient) -> Result<Vec<String>> {
    let rows = client.query_typed("select name from forebay.sources order by name", &[]).await?;
    rows.iter().map(|row| row.read("name")).collect()
}

/// The entity types of all sources, in order.
pub async fn entity_types(client: &impl GenericClient) -> Result<Vec<String>> {
    let statement = "select distinct entity_type from forebay.sources order by entity_type";
    client.query_typed(statement, &[]).await?.iter().map(|row| row.read("entity_type")).collect()
}

/// The ids of the sources with an entity type.
pub async fn of_type(client: &impl GenericClient, entity_type: &str) -> Result<Vec<i32>> {
    let statement = "select source_id from forebay.sources where entity_type = $1 order by source_id";
    let rows = client.query_typed(statement, &[(&entity_type, Type::TEXT)]).await?;
    rows.iter().map(|row| row.read("source_id")).collect()
}

/// Whether a source has any active reference.
pub async fn has_active(client: &impl GenericClient, source_id: i32) -> Result<bool> {
    let statement = "select exists (select from forebay.\"references\" where source_id = $1 and removed_at is null) as has_active";
    client.query_typed_one(statement, &[(&source_id, Type::INT4)]).await?.read("has_active")
}

/// A source with its totals.
pub async fn summary(client: &impl GenericClient, source: Source) -> Result<SourceSummary> {
    let found = totals(client, Some(source.source_id), None).await?.pop();
    // Deleted meanwhile.
    let nothing = || SourceSummary { source, num_active: 0, num_removed: 0, last_run_at: None };
    Ok(found.unwrap_or_else(nothing))
}

/// All sources with their totals, by name. `most`: the number where counts stop.
pub async fn list(client: &impl GenericClient, most: Option<i64>) -> Result<Vec<SourceSummary>> {
    totals(client, None, most).await
}

async fn totals(
    client: &impl GenericClient,
    source_id: Option<i32>,
    most: Option<i64>,
) -> Result<Vec<SourceSummary>> {
    let rows = client.query_typed(TOTALS, &[(&source_id, Type::INT4), (&most, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(SourceSummary {
                source: from_row(row)?,
                num_active: row.read("num_active")?,
                num_removed: row.read("num_removed")?,
                last_run_at: row.read("last_run_at")?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Source> {
    Ok(Source {
        source_id: row.read("source_id")?,
        name: row.read("name")?,
        entity_type: row.read("entity_type")?,
        key_fields: row.read("key_fields")?,
        policy: row.read("policy")?,
        parser_version: row.read("parser_version")?,
        has_aliases: row.read("has_aliases")?,
        sends_end_line: row.read("sends_end_line")?,
        kind: row.read("kind")?,
        settings: row.read("settings")?,
        enabled: row.read("enabled")?,
        is_published: row.read("is_published")?,
        fallback: row.read("fallback")?,
        project: row.read("project")?,
        declared_at: row.read("declared_at")?,
    })
}
