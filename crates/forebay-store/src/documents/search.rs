//! Full-text search: finds the best chunk of each reference and reads the fields to display.
//!
//! Finding and reading are two steps because hits by words may be combined with hits by meaning (see
//! [`super::embeddings`]) before the best of both are displayed.

use forebay_domain::{chunk::ChunkId, identity::ReferenceId};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow, types::SqlId};

/// Finds chunks.
pub const SEARCH: &str = include_str!("search.sql");
/// Reads the fields to display.
pub const SHOW: &str = include_str!("show.sql");

/// A chunk that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The pipeline that indexed it.
    pub pipeline_id: i32,
    /// The chunk.
    pub chunk_id: ChunkId,
    /// How well it matches, 0 to 1.
    pub rank: f32,
}

/// A document that was found, with its best chunk.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// Its source's name.
    pub source: String,
    /// Its entity type.
    pub entity_type: String,
    /// Its key in the source.
    pub record_key: String,
    /// Its title.
    pub title: String,
    /// The headings above the chunk, outermost first; empty if there are none.
    pub heading: String,
    /// The chunk.
    pub chunk_id: ChunkId,
    /// Its position in the document, from 0.
    pub ordinal: u32,
    /// The chunk's text.
    pub content: String,
    /// The pipeline that indexed it.
    pub pipeline: String,
    /// How well it matches, 0 to 1.
    pub rank: f32,
    /// The matching parts of the chunk, with the words of the query between « and ».
    pub snippet: String,
}

/// Finds the best chunk of each active reference, best first, optionally of one source and one pipeline. `query` uses
/// web search syntax: words, "phrases", `or`, and `-` before words that must not occur. Any text is a valid query.
pub async fn candidates(
    client: &impl GenericClient,
    query: &str,
    source: Option<&str>,
    pipeline: Option<&str>,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let query = searchable(query);
    let rows = client
        .query_typed(
            SEARCH,
            &[
                (&query, Type::TEXT),
                (&i64::from(limit), Type::INT8),
                (&source, Type::TEXT),
                (&pipeline, Type::TEXT),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Candidate {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                pipeline_id: row.read("pipeline_id")?,
                chunk_id: ChunkId(row.read::<SqlId>("chunk_id")?.0.0),
                rank: row.read("rank")?,
            })
        })
        .collect()
}

/// Reads the fields to display for the chunks, in their order. Chunks deleted in the meantime are skipped.
pub async fn show(client: &impl GenericClient, query: &str, found: &[Candidate]) -> Result<Vec<Hit>> {
    let references: Vec<SqlId> = found.iter().map(|chunk| SqlId(chunk.reference_id)).collect();
    let pipelines: Vec<i32> = found.iter().map(|chunk| chunk.pipeline_id).collect();
    let chunks: Vec<SqlId> = found.iter().map(|chunk| SqlId(ReferenceId(chunk.chunk_id.0))).collect();
    let query = searchable(query);
    let rows = client
        .query_typed(
            SHOW,
            &[
                (&query, Type::TEXT),
                (&references, Type::UUID_ARRAY),
                (&pipelines, Type::INT4_ARRAY),
                (&chunks, Type::UUID_ARRAY),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let index = usize::try_from(row.read::<i32>("index")?).unwrap_or_default();
            Ok(Hit {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                source: row.read("source")?,
                entity_type: row.read("entity_type")?,
                record_key: row.read("record_key")?,
                title: row.read("title")?,
                heading: row.read("heading")?,
                chunk_id: ChunkId(row.read::<SqlId>("chunk_id")?.0.0),
                ordinal: u32::try_from(row.read::<i32>("ordinal")?).unwrap_or_default(),
                content: row.read("content")?,
                pipeline: row.read("pipeline")?,
                snippet: row.read("snippet")?,
                rank: found[index].rank,
            })
        })
        .collect()
}

/// Finds documents by their words; see [`candidates`].
pub async fn search(
    client: &impl GenericClient,
    query: &str,
    source: Option<&str>,
    limit: u32,
) -> Result<Vec<Hit>> {
    let found = candidates(client, query, source, None, limit).await?;
    show(client, query, &found).await
}

/// Removes zero bytes, because Postgres text can't contain any and the query would find nothing.
fn searchable(query: &str) -> String {
    query.replace('\0', " ")
}
