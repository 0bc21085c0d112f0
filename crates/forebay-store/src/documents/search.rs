//! Full-text search: finds the best chunk of each reference and reads the fields to display.
//!
//! Finding and reading are two steps because hits by words may be combined with hits by meaning (see
//! [`super::embeddings`]) before the best of both are displayed.

use forebay_domain::{
    chunk::ChunkId,
    field_filter::{self, FieldFilter},
    identity::ReferenceId,
    question::Question,
    scope::Scope,
};
use tokio_postgres::{
    GenericClient, Row,
    types::{ToSql, Type},
};

use crate::{error::Result, row::ReadRow, types::SqlId};

/// Finds chunks that match a query.
pub const SEARCH: &str = include_str!("search.sql");
/// Finds chunks that contain any word of a query.
pub const SEARCH_ANY: &str = include_str!("search_any.sql");
/// Reads the fields to display.
pub const SHOW: &str = include_str!("show.sql");

/// Which documents to search. Default: all.
#[derive(Clone, Debug, Default)]
pub struct SearchFilter {
    /// Only references of this source.
    pub source: Option<String>,
    /// Only references of this entity type.
    pub entity_type: Option<String>,
    /// Only references of this scope.
    pub scope: Option<Scope>,
    /// Only references whose payload has these values.
    pub fields: Vec<FieldFilter>,
    /// Only documents that were indexed with this text search configuration.
    pub language: Option<String>,
    /// Only documents that this pipeline indexed.
    pub pipeline: Option<String>,
}

/// A filter as the parameters `$3` to `$8` of every statement that searches.
pub(super) struct FilterParameters([Option<String>; 6]);

impl FilterParameters {
    pub(super) fn of(filter: &SearchFilter) -> Self {
        Self([
            filter.source.clone(),
            filter.entity_type.clone(),
            filter.scope.as_ref().map(ToString::to_string),
            field_filter::json_path(&filter.fields),
            filter.language.clone(),
            filter.pipeline.clone(),
        ])
    }

    /// Whether the filter leaves out any chunk of a pipeline.
    pub(super) fn is_selective(&self) -> bool {
        let [of_chunks @ .., _pipeline] = &self.0;
        of_chunks.iter().any(Option::is_some)
    }

    /// All parameters of a statement: `first` are `$1` and `$2`, `last` is `$9`.
    pub(super) fn between<'a>(
        &'a self,
        first: [Parameter<'a>; 2],
        last: Option<Parameter<'a>>,
    ) -> Vec<Parameter<'a>> {
        let filter = self.0.iter().map(|value| (value as &(dyn ToSql + Sync), Type::TEXT));
        first.into_iter().chain(filter).chain(last).collect()
    }
}

/// A parameter of a statement.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A chunk that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The pipeline that indexed it.
    pub pipeline_id: i32,
    /// The chunk.
    pub chunk_id: ChunkId,
    /// How well it matches; comparable only within one list.
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
    /// Its place among the hits, from 1.
    pub rank: u32,
    /// The cosine similarity of the query and the chunk, 0 to 1; None: the chunk or the query has no embedding.
    pub score: Option<f32>,
    /// The matching parts of the chunk, with the words of the query between « and ».
    pub snippet: String,
}

/// Finds the best chunk of each active reference, best first. `query` uses web search syntax: words, "phrases", `or`,
/// and `-` before words that must not occur. Any text is a valid query.
pub async fn candidates(
    client: &impl GenericClient,
    query: &str,
    filter: &SearchFilter,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let query = searchable(query);
    let filter = FilterParameters::of(filter);
    let first: [Parameter<'_>; 2] = [(&query, Type::TEXT), (&i64::from(limit), Type::INT8)];
    let rows = client.query_typed(SEARCH, &filter.between(first, None)).await?;
    rows.iter().map(candidate).collect()
}

/// Finds chunks that contain at least one word of a query, the rarest words first, and match all that binds in it. The
/// rank is the share of the query that they contain, 0 to 1, where rare words count more.
pub async fn candidates_by_any_word(
    client: &impl GenericClient,
    question: &Question,
    filter: &SearchFilter,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let words = question.words();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let (binding, filter) = (question.binding(), FilterParameters::of(filter));
    let first: [Parameter<'_>; 2] = [(&words, Type::TEXT_ARRAY), (&i64::from(limit), Type::INT8)];
    let rows = client.query_typed(SEARCH_ANY, &filter.between(first, Some((&binding, Type::TEXT)))).await?;
    rows.iter().map(candidate).collect()
}

pub(super) fn candidate(row: &Row) -> Result<Candidate> {
    Ok(Candidate {
        reference_id: row.read::<SqlId>("reference_id")?.0,
        pipeline_id: row.read("pipeline_id")?,
        chunk_id: ChunkId(row.read::<SqlId>("chunk_id")?.0.0),
        rank: row.read("rank")?,
    })
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
                rank: u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1),
                score: None,
            })
        })
        .collect()
}

/// Removes zero bytes, because Postgres text can't contain any and the query would find nothing.
fn searchable(query: &str) -> String {
    query.replace('\0', " ")
}
