//! Mirrors the sources of the configuration in the database, for operators and other tools.

use serde_json::{Value, json};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

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
}

/// The changes made by a declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// New sources and sources with a changed declaration.
    pub changed: Vec<String>,
    /// Sources that are no longer declared. Their stored data is kept.
    pub left_out: Vec<String>,
}

/// Declares all sources of a configuration. Writes nothing if nothing changed.
pub async fn mirror(client: &impl GenericClient, declarations: &[Declaration]) -> Result<Mirrored> {
    let declared: Vec<Value> = declarations.iter().map(Declaration::as_row).collect();
    let rows = client.query_typed(MIRROR, &[(&Value::Array(declared), Type::JSONB)]).await?;
    let mut mirrored = Mirrored::default();
    for row in rows {
        let names = if row.read("is_declared")? { &mut mirrored.changed } else { &mut mirrored.left_out };
        names.push(row.read("name")?);
    }
    Ok(mirrored)
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
        })
    }
}
