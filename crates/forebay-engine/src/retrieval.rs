//! Retrieval: searches documents by their words and, where a pipeline has embeddings, by their meaning.
//!
//! ```no_run
//! # async fn example(database: &forebay_store::Database) -> forebay_engine::Result<()> {
//! use forebay_engine::retrieval::{self, SearchOptions};
//!
//! let found = retrieval::search(database, "how do I install it", &SearchOptions::default()).await?;
//! for hit in &found.hits {
//!     println!("{} > {}: {}", hit.title, hit.heading, hit.content);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Full-text search needs only Postgres. Embeddings need pgvector in the database and an endpoint that the user
//! configures (see [`EmbeddingSettings`]); without both, only full-text search is used. [`embed_round`] creates missing
//! embeddings separately from indexing, so full-text search finds a document as soon as it is indexed.

mod embed;
mod endpoint;
mod hybrid;
mod settings;
mod trouble;

pub use embed::{EmbedOptions, EmbedReport, embed_round};
pub(crate) use endpoint::check_key;
pub use hybrid::{Found, MOST_WAITING, Matching, SearchOptions, search};
pub use settings::EmbeddingSettings;
pub(crate) use settings::with_embeddings;
pub use trouble::EmbedTrouble;
