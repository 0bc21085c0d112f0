//! Declaring the sources of a configuration in the database.

use forebay_store::{
    connect::Database,
    sources::{self, Declaration, Mirrored},
};

use super::definition::{Sources, check};
use crate::error::Result;

/// Declares the sources that can be scraped, and returns which of them changed. Writes nothing if none did.
///
/// `sources` must be all sources of the configuration: a source that was declared before and is now missing is marked
/// as not scraped by Forebay. A new [reading](super::SourceDefinition::reading_hash) raises a source's parser version,
/// which invalidates the remembered pages. Error: `source_invalid`, before anything is written.
pub async fn declare(database: &Database, sources: &Sources) -> Result<Mirrored> {
    check(sources)?;
    let declarations = sources.values().map(|source| Declaration {
        name: source.name.clone(),
        entity_type: source.entity_type.clone(),
        key_fields: source.key_fields.clone(),
        // The same policy that a scrape of the source stores.
        policy: source.policy().to_json(),
        kind: source.kind.as_str(),
        settings: source.settings(),
        reading_hash: source.reading_hash(),
        enabled: source.enabled,
        fallback: source.fallback.clone(),
    });
    let declarations: Vec<Declaration> = declarations.collect();
    let client = database.client().await?;
    Ok(sources::mirror(&**client, &declarations).await?)
}
