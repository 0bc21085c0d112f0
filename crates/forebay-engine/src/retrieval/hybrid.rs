//! Hybrid search: combines full-text search and embeddings.
//!
//! Full-text ranks and embedding distances cannot be compared, but positions in a list can. Reciprocal rank fusion
//! (Cormack, Clarke and Büttcher, SIGIR 2009) gives a document 1 / (60 + position) for each list that contains it and
//! sorts by the sum. If embeddings are unavailable, full-text search answers alone and the reason is reported. If no
//! document contains all words of a query, those that contain some of them take their place.

use std::collections::{HashMap, HashSet};

use forebay_domain::{chunk::ChunkId, handoff::HandlerKind, identity::ReferenceId, question::Question};
use forebay_store::{
    connect::Database,
    documents::{
        self, Candidate, Hit, SearchFilter,
        embeddings::{self, Opened},
    },
    jobs,
    pipelines::{self, Pipeline},
};

use super::{
    endpoint::Endpoint,
    settings::{EmbeddingSettings, with_embeddings},
    trouble::EmbedTrouble,
};
use crate::{
    error::{Error, Result},
    work::declarations::Declarations,
};

/// The constant of reciprocal rank fusion, as published. A larger value reduces the advantage of the first positions.
const FUSION: f32 = 60.0;
/// Candidates to read for each document shown, because the lists overlap only partly.
const CANDIDATES_PER_HIT: u32 = 5;
const LEAST_CANDIDATES: u32 = 50;
/// The largest number of waiting hand-offs that a search counts.
pub const MOST_WAITING: u64 = 10_000;

/// Search options.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// What this program declares: only the endpoints there are called. Default: nothing.
    pub declarations: Declarations,
    /// Which documents to search. Default: all.
    pub filter: SearchFilter,
    /// The maximum number of documents. Default: 10.
    pub limit: u32,
    /// Whether to use embeddings where they exist. Default: true.
    pub with_embeddings: bool,
    /// The least cosine similarity of a hit, 0 to 1; hits without one are left out. Default: none. Not applied if
    /// embeddings cannot be used.
    pub min_score: Option<f64>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            declarations: Declarations::default(),
            filter: SearchFilter::default(),
            limit: 10,
            with_embeddings: true,
            min_score: None,
        }
    }
}

forebay_domain::words! {
    /// How many words of the query the documents that were found by their words contain.
    #[derive(Default)]
    pub enum Matching {
        /// All, as the query demands.
        AllWords = "all_words",
        /// At least one, because no document contains all.
        AnyWord = "any_word",
        /// None: the documents were found by their meaning only.
        #[default]
        NoWord = "no_word",
    }
}

/// The search result.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The documents, best first, each with its best chunk.
    pub hits: Vec<Hit>,
    /// Whether embeddings were used.
    pub is_hybrid: bool,
    /// How many words of the query the documents contain.
    pub matching: Matching,
    /// Why embeddings were not used although a pipeline has them.
    pub trouble: Option<String>,
    /// Enabled pipelines that index documents.
    pub num_pipelines: u64,
    /// Hand-offs that wait for one of them, so they are not searchable yet. More than [`MOST_WAITING`] are not counted:
    /// one more than that stands for all larger numbers.
    pub num_waiting: u64,
}

/// A query's embedding for one pipeline, and where to compare it.
struct Meaning {
    opened: Opened,
    embedding: Vec<f32>,
}

/// Finds documents, best first.
///
/// `query` uses web search syntax: words, "phrases", `or`, and `-` before words to exclude. Any text is a valid query.
/// With embeddings, documents with a similar meaning are found even if they contain none of the words. Phrases and
/// exclusions hold for every hit.
pub async fn search(database: &Database, query: &str, options: &SearchOptions) -> Result<Found> {
    let SearchOptions { filter, limit, min_score, .. } = options;
    let all = pipelines::list(&**database.client().await?).await?;
    let wanted = filter.pipeline.as_deref();
    if let Some(name) = wanted.filter(|name| !all.iter().any(|known| known.spec.name == **name)) {
        return Err(Error::NoSuchPipeline { pipeline: name.to_owned() });
    }
    let mut found = Found::default();
    count_waiting(database, &all, &mut found).await?;
    let mut meanings = Vec::new();
    // Postgres's text can't contain the character.
    let query = &query.replace('\0', " ");
    let question = Question::parse(query);
    if options.with_embeddings && question.has_terms() {
        let is_chosen = |name: &str| wanted.is_none_or(|chosen| chosen == name);
        for (pipeline, settings) in with_embeddings(all, is_chosen) {
            if options.declarations.check(&pipeline.spec).is_err() {
                let name = &pipeline.spec.name;
                found.trouble = Some(format!(
                    "the configuration doesn't declare the pipeline {name:?} with its embeddings"
                ));
                continue;
            }
            match meaning(database, query, &pipeline, settings?).await? {
                Ok(meaning) => meanings.push(meaning),
                Err(reason) => found.trouble = Some(reason),
            }
        }
    }
    found.is_hybrid = !meanings.is_empty();
    if min_score.is_some() && !found.is_hybrid {
        let reason = found.trouble.take().unwrap_or_else(|| "no pipeline has embeddings".to_owned());
        found.trouble = Some(format!("{reason}; the least score was not applied"));
    }
    let num_candidates =
        if found.is_hybrid { limit.saturating_mul(CANDIDATES_PER_HIT).max(LEAST_CANDIDATES) } else { *limit };

    let mut client = database.client().await?;
    let mut by_words = documents::candidates(&**client, query, filter, num_candidates).await?;
    found.matching = Matching::AllWords;
    if by_words.is_empty() {
        by_words = documents::candidates_by_any_word(&**client, &question, filter, num_candidates).await?;
        found.matching = if by_words.is_empty() { Matching::NoWord } else { Matching::AnyWord };
    }
    // The list by words comes first: if several lists have a document, the chunk with matching words is shown.
    // Documents with only some of the words count as much as the share of the query that they contain.
    let mut lists = vec![List { candidates: by_words, is_weighted: found.matching == Matching::AnyWord }];
    for Meaning { opened, embedding } in &meanings {
        let candidates = opened.nearest(&mut client, embedding, &question, filter, num_candidates).await?;
        lists.push(List { candidates, is_weighted: false });
    }
    let with_embeddings: HashSet<i32> = meanings.iter().map(|meaning| meaning.opened.pipeline_id()).collect();
    let mut best = fuse(&lists, &with_embeddings);
    let mut scores: HashMap<(ReferenceId, ChunkId), f32> = HashMap::new();
    for Meaning { opened, embedding } in &meanings {
        let similar = opened.scores(&**client, embedding, &best).await?;
        scores.extend(similar.into_iter().map(|(reference, chunk, score)| ((reference, chunk), score)));
    }
    let score_of = |reference: ReferenceId, chunk: ChunkId| scores.get(&(reference, chunk)).copied();
    if let Some(least) = min_score.filter(|_| found.is_hybrid) {
        best.retain(|chunk| {
            score_of(chunk.reference_id, chunk.chunk_id).is_some_and(|score| f64::from(score) >= least)
        });
    }
    best.truncate(usize::try_from(*limit).unwrap_or(usize::MAX));
    // Where not all words occur, each of them is highlighted.
    let highlighted = match found.matching {
        Matching::AllWords => query.clone(),
        Matching::AnyWord | Matching::NoWord => question.words().join(" or "),
    };
    found.hits = documents::show(&**client, &highlighted, &best).await?;
    for hit in &mut found.hits {
        hit.score = score_of(hit.reference_id, hit.chunk_id);
    }
    Ok(found)
}

/// Counts the pipelines that index documents, and what waits for them.
async fn count_waiting(database: &Database, pipelines: &[Pipeline], found: &mut Found) -> Result<()> {
    let indexes = |pipeline: &&Pipeline| {
        pipeline.spec.enabled && pipeline.spec.handler == HandlerKind::Documents.as_str()
    };
    let ids: Vec<i32> = pipelines.iter().filter(indexes).map(|pipeline| pipeline.pipeline_id).collect();
    found.num_pipelines = ids.len() as u64;
    if !ids.is_empty() {
        let client = database.client().await?;
        found.num_waiting = jobs::count_up_to(&**client, &ids, MOST_WAITING + 1).await?;
    }
    Ok(())
}

/// The embedding of a query for a pipeline. The inner error says why there is none.
async fn meaning(
    database: &Database,
    query: &str,
    pipeline: &Pipeline,
    settings: EmbeddingSettings,
) -> Result<std::result::Result<Meaning, String>> {
    let (model, dimensions) = (settings.model.clone(), settings.dimensions);
    let opened = {
        let client = database.client().await?;
        if embeddings::vector_schema(&**client).await?.is_none() {
            return Ok(Err(EmbedTrouble::lacks_vector(&pipeline.spec.name).message));
        }
        embeddings::find(&**client, pipeline.pipeline_id, &model, dimensions).await?
    };
    let Some(opened) = opened else {
        let name = &pipeline.spec.name;
        return Ok(Err(format!("the pipeline {name:?} has no embeddings of the model {model:?} yet")));
    };
    // No connection is held during the request.
    let asked = match Endpoint::open(settings) {
        Ok(endpoint) => endpoint.embed(&[query.to_owned()]).await,
        Err(trouble) => Err(trouble),
    };
    Ok(match asked {
        Ok(embeddings) => {
            Ok(Meaning { opened, embedding: embeddings.into_iter().next().unwrap_or_default() })
        }
        Err(trouble) => Err(trouble.message),
    })
}

/// Candidates, best first.
struct List {
    candidates: Vec<Candidate>,
    /// Whether a candidate counts as much as its rank, and not only by its position.
    is_weighted: bool,
}

/// Merges lists into one, best first. In each list, only a document's best chunk counts. The rank is relative to the
/// score of a document that is first in every list. The chunk of the first list is kept, unless only a later one is of
/// a pipeline `with_embeddings`.
fn fuse(lists: &[List], with_embeddings: &HashSet<i32>) -> Vec<Candidate> {
    let mut fused: HashMap<ReferenceId, Candidate> = HashMap::new();
    for List { candidates, is_weighted } in lists {
        let mut num_documents = 0_u16;
        let mut seen = HashSet::new();
        for candidate in candidates {
            if !seen.insert(candidate.reference_id) {
                continue;
            }
            let position = (FUSION + 1.0) / (FUSION + 1.0 + f32::from(num_documents));
            let weight = if *is_weighted { candidate.rank } else { 1.0 };
            let share = weight * position / lists.len() as f32;
            num_documents = num_documents.saturating_add(1);
            fused
                .entry(candidate.reference_id)
                .and_modify(|known| {
                    let has_score = |chunk: &Candidate| with_embeddings.contains(&chunk.pipeline_id);
                    let chunk = if has_score(candidate) && !has_score(known) { *candidate } else { *known };
                    *known = Candidate { rank: known.rank + share, ..chunk };
                })
                .or_insert(Candidate { rank: share, ..*candidate });
        }
    }
    let mut best: Vec<Candidate> = fused.into_values().collect();
    best.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(a.reference_id.cmp(&b.reference_id)));
    best
}

#[cfg(test)]
mod tests {
    use forebay_domain::chunk::ChunkId;

    use super::*;

    fn candidate(reference: u8, chunk: u8) -> Candidate {
        Candidate {
            reference_id: ReferenceId([reference; 16]),
            pipeline_id: 1,
            chunk_id: ChunkId([chunk; 16]),
            rank: 0.5,
        }
    }

    #[test]
    fn documents_in_both_lists_rank_before_the_first_of_one() {
        let words = vec![candidate(1, 1), candidate(2, 2)];
        let meaning = vec![candidate(3, 3), candidate(3, 4), candidate(2, 5)];
        let list = |candidates| List { candidates, is_weighted: false };
        let best = fuse(&[list(words), list(meaning)], &HashSet::new());
        let order: Vec<(u8, u8)> =
            best.iter().map(|found| (found.reference_id.0[0], found.chunk_id.0[0])).collect();
        assert_eq!(order, [(2, 2), (1, 1), (3, 3)]);
        assert!((best[0].rank - 61.0 / 62.0).abs() < 1e-6, "{}", best[0].rank);
        let alone = fuse(&[list(vec![candidate(1, 1)])], &HashSet::new());
        assert!((alone[0].rank - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_document_with_few_words_of_the_query_ranks_behind_one_that_is_near() {
        let some_words = Candidate { rank: 0.1, ..candidate(1, 1) };
        let words = List { candidates: vec![some_words], is_weighted: true };
        let meaning = List { candidates: vec![candidate(2, 2), candidate(1, 3)], is_weighted: false };
        let order: Vec<u8> =
            fuse(&[words, meaning], &HashSet::new()).iter().map(|found| found.reference_id.0[0]).collect();
        assert_eq!(order, [1, 2], "what is in both lists comes first");
        let words = List { candidates: vec![some_words], is_weighted: true };
        let meaning = List { candidates: vec![candidate(2, 2)], is_weighted: false };
        let order: Vec<u8> =
            fuse(&[words, meaning], &HashSet::new()).iter().map(|found| found.reference_id.0[0]).collect();
        assert_eq!(order, [2, 1]);
    }
    #[test]
    fn a_chunk_that_can_have_a_score_is_preferred() {
        let list = |candidates| List { candidates, is_weighted: false };
        let near = Candidate { pipeline_id: 2, ..candidate(1, 7) };
        let best = fuse(&[list(vec![candidate(1, 1)]), list(vec![near])], &HashSet::from([2]));
        assert_eq!((best[0].pipeline_id, best[0].chunk_id), (2, near.chunk_id));
        let best = fuse(&[list(vec![candidate(1, 1)]), list(vec![candidate(1, 7)])], &HashSet::from([1]));
        assert_eq!(best[0].chunk_id, candidate(1, 1).chunk_id);
    }
}
