//! Declaring the sources of a configuration in the database.

use forebay_store::{
    connect::Database,
    sources::{self, Declaration, Mirrored},
};

use super::{Sources, contract_version_column};
use crate::{error::Result, persist::StoredPolicy};

/// Declares the sources that can be scraped, and tells which of them changed. Writes nothing when they are as they were.
///
/// `sources` are all of the configuration: what was declared and is not among them is marked as brought by others from
/// now on. Another reading of pages ([`SourceDefinition::reading_hash`](super::SourceDefinition::reading_hash)) raises a
/// source's parser version, and so makes what is remembered of its pages void.
pub async fn declare(database: &Database, sources: &Sources) -> Result<Mirrored> {
    let declarations = sources.values().map(|source| Declaration {
        name: source.name.clone(),
        entity_type: source.entity_type.clone(),
        key_fields: source.key_fields.clone(),
        policy: StoredPolicy {
            rules: source.rules.clone(),
            on_duplicate: source.on_duplicate,
            sequence_field: source.sequence_field.clone(),
            contract_version_column: contract_version_column(source),
        }
        .to_json(),
        kind: source.kind.as_str(),
        settings: source.settings.clone(),
        reading_hash: source.reading_hash.clone(),
        enabled: source.enabled,
        fallback: source.fallback.clone(),
    });
    let declarations: Vec<Declaration> = declarations.collect();
    let client = database.client().await?;
    Ok(sources::mirror(&**client, &declarations).await?)
}
