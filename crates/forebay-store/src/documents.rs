//! The text of references, cut into chunks and indexed with Postgres's own full-text search.
//!
//! `documents` has one row per reference and pipeline, and `document_chunks` one per chunk, with its `tsvector`. That
//! type holds at most 1 MiB; titles and chunks are short enough for the worst text. [`write()`] sends the content of
//! new chunks only, and writes no unchanged rows.

pub mod embeddings;
mod search;
mod verify;
mod write;

use forebay_domain::identity::{ReferenceId, VersionHash};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, sql_ids},
};

pub use search::{
    Candidate, Hit, SEARCH, SEARCH_ANY, SHOW, SearchFilter, candidates, candidates_by_any_word, show,
};
pub use verify::{extra_page, verify_page};
pub use write::{MAX_TITLE_BYTES, NewChunk, NewDocument, UPSERT, Written, write};

/// Reads the references to index.
pub const LOAD: &str = include_str!("documents/load.sql");
/// Deletes documents.
pub const DELETE: &str = include_str!("documents/delete.sql");

/// Maximum number of bytes of a record's text to index: 16 MiB. A longer text is cut, its document is marked `is_cut`,
/// and the rest can't be found.
pub const MAX_TEXT_BYTES: usize = 16 << 20;

/// A reference to index, as stored now.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its position in the given ids.
    pub index: usize,
    /// Its key.
    pub record_key: String,
    /// The hash of its content.
    pub version_hash: VersionHash,
    /// Its payload as JSON text.
    pub payload: String,
}

/// Reads the stored content of `ids`, in their order; deleted references are left out.
pub async fn load(client: &impl GenericClient, ids: &[ReferenceId]) -> Result<Vec<Stored>> {
    let rows = client.query_typed(LOAD, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Stored {
                index: usize::try_from(row.read::<i32>("index")?).unwrap_or_default(),
                record_key: row.read("record_key")?,
                version_hash: row.read::<SqlHash>("version_hash")?.0,
                payload: row.read("payload")?,
            })
        })
        .collect()
}

/// Removes documents from a pipeline's index and returns their number.
pub async fn delete(client: &impl GenericClient, pipeline_id: i32, ids: &[ReferenceId]) -> Result<u64> {
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&pipeline_id, Type::INT4), (&sql_ids(ids), Type::UUID_ARRAY)];
    Ok(client.execute_typed(DELETE, &parameters).await?)
}

/// The text search configurations of the database, such as `simple` and `english`, sorted.
pub async fn languages(client: &impl GenericClient) -> Result<Vec<String>> {
    let statement = "select cfgname::text as language from pg_ts_config where pg_ts_config_is_visible(oid) order by cfgname::text";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| row.read("language")).collect()
}
