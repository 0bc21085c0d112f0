//! Declaring the sources of a configuration in the database.

use forebay_store::{
    connect::Database,
    projects::OnConflict,
    sources::{self, Declaration, Mirrored},
};
use tokio_postgres::GenericClient;

use super::definition::{SourceDefinition, Sources, check};
use crate::error::Result;

/// Declares sources that can be scraped, and returns which of them changed. Writes nothing if none did. Other sources
/// are not touched.
///
/// A source that another project declared differently is not changed either, and must not be scraped with these
/// settings: see [`Scraper::without`](super::Scraper::without). A new
/// [reading](super::SourceDefinition::reading_hash) raises a source's parser version, which invalidates the remembered
/// pages. Error: `source_invalid`, before anything is written.
pub async fn declare(database: &Database, sources: &Sources) -> Result<Mirrored> {
    declare_in(&**database.client().await?, sources, OnConflict::Keep).await
}

/// The same on a connection of the caller.
pub(crate) async fn declare_in(
    client: &impl GenericClient,
    sources: &Sources,
    on_conflict: OnConflict,
) -> Result<Mirrored> {
    check(sources)?;
    let declarations: Vec<Declaration> = sources.values().map(declaration).collect();
    Ok(sources::mirror(client, &declarations, on_conflict).await?)
}

fn declaration(source: &SourceDefinition) -> Declaration {
    Declaration {
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
        project: source.project.clone(),
    }
}
