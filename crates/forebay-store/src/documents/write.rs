//! Writes documents: reads the stored chunks first and writes only the differences.

use std::collections::HashMap;

use forebay_domain::{
    chunk::ChunkId,
    identity::{ReferenceId, VersionHash},
};
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

/// Titles are cut to this many bytes. Every chunk contains the title.
pub const MAX_TITLE_BYTES: usize = 1024;

const KNOWN_CHUNKS: &str = include_str!("known_chunks.sql");
const ADD_CHUNKS: &str = include_str!("add_chunks.sql");
const MOVE_CHUNKS: &str = include_str!("move_chunks.sql");
const REMOVE_CHUNKS: &str = include_str!("remove_chunks.sql");
/// Writes documents, without their chunks.
pub const UPSERT: &str = include_str!("write.sql");

/// A document to write.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The content that was indexed.
    pub payload_hash: VersionHash,
    /// Its title; only the first [`MAX_TITLE_BYTES`] are kept.
    pub title: String,
    /// The name of a text search configuration, one of [`super::languages`].
    pub language: String,
    /// Whether the text was too long to be indexed completely.
    pub is_cut: bool,
    /// Its chunks, in order.
    pub chunks: Vec<NewChunk>,
}

/// A chunk to write.
#[derive(Clone, Debug)]
pub struct NewChunk {
    /// Its id, unique within the document.
    pub id: ChunkId,
    /// The hash of heading and content.
    pub content_hash: VersionHash,
    /// The headings above it.
    pub heading: String,
    /// The text.
    pub content: String,
}

/// Numbers of written rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Documents added or changed.
    pub num_documents: u64,
    /// Chunks added.
    pub num_added: u64,
    /// Chunks whose position, title or language changed.
    pub num_moved: u64,
    /// Chunks deleted.
    pub num_removed: u64,
}

/// A stored chunk.
struct Known {
    ordinal: i32,
    /// Whether title and language are the same as the document's.
    is_current: bool,
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Writes documents, each reference once, in the caller's transaction. No other transaction may write the same
/// documents of this pipeline at the same time.
pub async fn write(
    client: &impl GenericClient,
    pipeline_id: i32,
    documents: &[NewDocument],
) -> Result<Written> {
    let ids: Vec<SqlId> = documents.iter().map(|document| SqlId(document.reference_id)).collect();
    let titles: Vec<&str> = documents.iter().map(|document| cut(&document.title)).collect();
    let languages: Vec<&str> = documents.iter().map(|document| document.language.as_str()).collect();
    // The first parameters of every statement.
    let heads: [Parameter<'_>; 4] = [
        (&pipeline_id, Type::INT4),
        (&ids, Type::UUID_ARRAY),
        (&titles, Type::TEXT_ARRAY),
        (&languages, Type::TEXT_ARRAY),
    ];

    let mut known: HashMap<(usize, ChunkId), Known> = HashMap::new();
    for row in client.query_typed(KNOWN_CHUNKS, &heads).await? {
        let document = usize::try_from(row.read::<i32>("document")?).unwrap_or_default();
        let id = ChunkId(row.read::<SqlId>("chunk_id")?.0.0);
        let chunk = Known { ordinal: row.read("ordinal")?, is_current: row.read("is_current")? };
        known.insert((document, id), chunk);
    }
    let (mut added, mut moved) = (Vec::new(), Vec::new());
    for (document, new) in documents.iter().enumerate() {
        for (place, chunk) in (0_i32..).zip(&new.chunks) {
            match known.remove(&(document, chunk.id)) {
                None => added.push((document, place, chunk)),
                Some(stored) if stored.ordinal != place || !stored.is_current => {
                    moved.push((document, place, chunk));
                }
                Some(_) => {}
            }
        }
    }

    let mut written = Written::default();
    if !known.is_empty() {
        let (references, chunks): (Vec<SqlId>, Vec<SqlId>) =
            known.keys().map(|(document, chunk)| (ids[*document], sql_chunk(*chunk))).unzip();
        let parameters: [Parameter<'_>; 3] =
            [(&pipeline_id, Type::INT4), (&references, Type::UUID_ARRAY), (&chunks, Type::UUID_ARRAY)];
        written.num_removed = client.execute_typed(REMOVE_CHUNKS, &parameters).await?;
    }
    if !moved.is_empty() {
        written.num_moved = run(client, MOVE_CHUNKS, &heads, &moved, false).await?;
    }
    if !added.is_empty() {
        written.num_added = run(client, ADD_CHUNKS, &heads, &added, true).await?;
    }
    let hashes: Vec<SqlHash> = documents.iter().map(|document| SqlHash(document.payload_hash)).collect();
    let counts: Vec<i32> = documents.iter().map(|document| signed(document.chunks.len())).collect();
    let are_cut: Vec<bool> = documents.iter().map(|document| document.is_cut).collect();
    let tails: [Parameter<'_>; 3] =
        [(&hashes, Type::BYTEA_ARRAY), (&counts, Type::INT4_ARRAY), (&are_cut, Type::BOOL_ARRAY)];
    let parameters: Vec<Parameter<'_>> = heads.into_iter().chain(tails).collect();
    written.num_documents = client.execute_typed(UPSERT, &parameters).await?;
    Ok(written)
}

/// Adds or moves chunks, given with their documents and positions.
async fn run(
    client: &impl GenericClient,
    statement: &str,
    heads: &[Parameter<'_>; 4],
    chunks: &[(usize, i32, &NewChunk)],
    with_content: bool,
) -> Result<u64> {
    // SQL arrays count from one.
    let documents: Vec<i32> = chunks.iter().map(|(document, ..)| signed(document + 1)).collect();
    let ids: Vec<SqlId> = chunks.iter().map(|(.., chunk)| sql_chunk(chunk.id)).collect();
    let places: Vec<i32> = chunks.iter().map(|(_, place, _)| *place).collect();
    let hashes: Vec<SqlHash> = chunks.iter().map(|(.., chunk)| SqlHash(chunk.content_hash)).collect();
    let headings: Vec<&str> = chunks.iter().map(|(.., chunk)| chunk.heading.as_str()).collect();
    let contents: Vec<&str> = chunks.iter().map(|(.., chunk)| chunk.content.as_str()).collect();
    let mut parameters: Vec<Parameter<'_>> = heads.to_vec();
    parameters.push((&documents, Type::INT4_ARRAY));
    parameters.push((&ids, Type::UUID_ARRAY));
    parameters.push((&places, Type::INT4_ARRAY));
    if with_content {
        parameters.push((&hashes, Type::BYTEA_ARRAY));
        parameters.push((&headings, Type::TEXT_ARRAY));
        parameters.push((&contents, Type::TEXT_ARRAY));
    }
    Ok(client.execute_typed(statement, &parameters).await?)
}

fn sql_chunk(id: ChunkId) -> SqlId {
    SqlId(ReferenceId(id.0))
}

fn signed(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn cut(title: &str) -> &str {
    &title[..title.floor_char_boundary(MAX_TITLE_BYTES)]
}
