//! What a search finds.

use forebay_engine::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The documents that a search found, best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchResult {
    /// What was searched for.
    pub query: String,
    /// The documents, each by its best passage.
    pub hits: Vec<SearchHit>,
    /// Documents were found by their meaning as well as by their words.
    pub is_hybrid: bool,
    /// Why not by meaning, although a pipeline has embeddings; null: nothing failed.
    pub warning: Option<String>,
    /// Hand-offs that wait for a pipeline of documents, so are not searchable yet.
    pub num_waiting: u64,
    /// Enabled pipelines that index documents.
    pub num_pipelines: u64,
}

/// A document by its best passage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of its source.
    pub source: String,
    /// Its key in the source.
    pub record_key: String,
    /// What kind of thing it is.
    pub entity_type: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage, outermost first; empty: none.
    pub heading: String,
    /// The name of the pipeline that indexed it.
    pub pipeline: String,
    /// The stable id of the passage, for citations.
    pub chunk_id: String,
    /// The passage's place in the document, from 0.
    pub ordinal: u32,
    /// How well it fits, from 0 to 1; comparable within one answer only.
    pub rank: f32,
    /// The parts of the passage that fit, with the words that were found between « and ».
    pub snippet: String,
    /// The passage.
    pub passage: String,
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
            snippet: hit.snippet,
            passage: hit.content,
        }
    }
}
