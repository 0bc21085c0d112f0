//! The result of a search.

use forebay_engine::{retrieval::Found, work};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The documents that a search found, best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchResult {
    /// The query.
    pub query: String,
    /// The documents, each with its best passage.
    pub hits: Vec<SearchHit>,
    /// Whether documents were found by meaning as well as by words.
    pub is_hybrid: bool,
    /// `any_word`: no document contains all words of the query, so documents with some of them were searched.
    /// `no_word`: no document contains any of them; hits were found by their meaning only.
    #[schemars(schema_with = "crate::words::matching")]
    pub matching: String,
    /// Why documents were not found by meaning although a pipeline has embeddings; null: nothing failed.
    pub warning: Option<String>,
    /// Hand-offs that wait for a pipeline of documents, so they are not searchable yet. They are counted up to 10,001,
    /// which stands for all numbers over 10,000.
    pub num_waiting: u64,
    /// Enabled pipelines that index documents.
    pub num_pipelines: u64,
}

/// A document with its best passage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source.
    pub source: String,
    /// Its key in the source.
    pub record_key: String,
    /// The type of the record.
    pub entity_type: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage, outermost first; empty: none.
    pub heading: String,
    /// The name of the pipeline that indexed it.
    pub pipeline: String,
    /// The stable id of the passage, for citations.
    pub chunk_id: String,
    /// The passage's position in the document, from 0.
    pub ordinal: u32,
    /// Its place among the hits, from 1.
    pub rank: u32,
    /// The cosine similarity of the query and the passage, from 0 to 1; null: the passage or the query has no
    /// embedding.
    pub score: Option<f32>,
    /// The matching parts of the passage, with matching words between « and ».
    pub snippet: String,
    /// The passage.
    pub passage: String,
}

impl SearchResult {
    /// The result of a query.
    pub fn new(query: String, found: Found) -> Self {
        Self {
            query,
            hits: found.hits.into_iter().map(SearchHit::from).collect(),
            is_hybrid: found.is_hybrid,
            matching: found.matching.as_str().to_owned(),
            warning: found.trouble,
            num_waiting: found.num_waiting,
            num_pipelines: found.num_pipelines,
        }
    }
}

impl From<work::Hit> for SearchHit {
    fn from(hit: work::Hit) -> Self {
        Self {
            reference_id: hit.reference_id.to_string(),
            source: hit.source,
            record_key: hit.record_key,
            entity_type: hit.entity_type,
            title: hit.title,
            heading: hit.heading,
            pipeline: hit.pipeline,
            chunk_id: hit.chunk_id.to_string(),
            ordinal: hit.ordinal,
            rank: hit.rank,
            score: hit.score,
            snippet: hit.snippet,
            passage: hit.content,
        }
    }
}
