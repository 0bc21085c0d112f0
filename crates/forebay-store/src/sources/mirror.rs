//! Mirrors the sources of the configuration in the database, for operators and other tools.

use serde_json::{Value, json};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    projects::{DeclaredElsewhere, OnConflict},
    row::ReadRow,
};

/// Updates the rows of declared sources.
pub const MIRROR: &str = include_str!("mirror.sql");

/// The declaration of a source that has a kind.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Stable name.
    pub name: String,
    /// The entity type of its records; only for a new source.
    pub entity_type: String,
    /// The fields that make up a record's key, in order; only for a new source.
    pub key_fields: Vec<String>,
    /// Field rules and duplicate policy; only for a new source.
    pub policy: Value,
    /// Its kind.
    pub kind: &'static str,
    /// Its settings, an object without secrets.
    pub settings: Value,
    /// A digest of the settings that determine how a page is read; a change increments the parser version.
    pub reading_hash: String,
    /// Whether it is scraped.
    pub enabled: bool,
    /// The sources to try when it fails, in order.
    pub fallback: Vec<String>,
    /// The project that declares it; `None`: a program does.
    pub project: Option<String>,
}

/// The changes made by a declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// New sources and sources with a changed declaration.
    pub changed: Vec<String>,
    /// Sources that another project declared differently. Its declaration is kept.
    pub elsewhere: Vec<DeclaredElsewhere>,
}

/// Declares sources: adds and updates. Other sources are not touched. Writes nothing if nothing changed.
pub async fn mirror(
    client: &impl GenericClient,
    declarations: &[Declaration],
    on_conflict: OnConflict,
) -> Result<Mirrored> {
    let declared: Vec<Value> = declarations.iter().map(Declaration::as_row).collect();
    let parameters =
        [(&Value::Array(declared) as _, Type::JSONB), (&on_conflict.takes_over() as _, Type::BOOL)];
    let mut mirrored = Mirrored::default();
    for row in client.query_typed(MIRROR, &parameters).await? {
        let name = row.read("name")?;
        match row.read("owner")? {
            None => mirrored.changed.push(name),
            Some(owner) => mirrored.elsewhere.push(DeclaredElsewhere { name, owner }),
        }
    }
    Ok(mirrored)
}

/// Gives sources to a project, and returns the names of those that it did not own before. Sources that aren't stored
/// are left out.
pub async fn take_over(client: &impl GenericClient, project: &str, names: &[&str]) -> Result<Vec<String>> {
    let statement = "update forebay.sources set project = $1, updated_at = now() \
         where name = any($2) and project is distinct from $1 returning name";
    let rows = client.query_typed(statement, &[(&project, Type::TEXT), (&names, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| row.read("name")).collect()
}

/// Ends the declarations of a project's sources that are not in `named`, with their schedules, and returns the names.
/// Their stored data and settings are kept, so declaring one again is no change.
pub async fn release_others(
    client: &impl GenericClient,
    project: &str,
    named: &[&str],
) -> Result<Vec<String>> {
    let statement = include_str!("release_others.sql");
    let rows = client.query_typed(statement, &[(&project, Type::TEXT), (&named, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| row.read("name")).collect()
}

impl Declaration {
    fn as_row(&self) -> Value {
        let mut settings = self.settings.clone();
        settings["reading_hash"] = self.reading_hash.as_str().into();
        json!({
            "name": self.name,
            "entity_type": self.entity_type,
            "key_fields": self.key_fields,
            "policy": self.policy,
            "kind": self.kind,
            "settings": settings,
            "enabled": self.enabled,
            "fallback": self.fallback,
            "project": self.project,
        })
    }
}
