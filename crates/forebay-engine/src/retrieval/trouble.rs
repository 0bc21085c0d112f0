//! Why embeddings can't be created now.

use std::time::Duration;

use forebay_domain::handoff::FailureClass;

/// A failed request to an embeddings endpoint, or a database without pgvector. The message never contains a key or text
/// that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedTrouble {
    /// Transient and throttled: the next round may succeed. Permanent: the settings must change first.
    pub class: FailureClass,
    /// A stable word: `embeddings_throttled`, `embeddings_unavailable`, `embeddings_input_refused`,
    /// `embeddings_unusable` or `embeddings_no_vector`.
    pub reason_code: &'static str,
    /// A sentence.
    pub message: String,
    /// How long the endpoint asks to wait before a retry.
    pub retry_after: Option<Duration>,
}

impl EmbedTrouble {
    /// The endpoint works but refuses this text.
    pub(super) const INPUT_REFUSED: &str = "embeddings_input_refused";
    /// The URL is not an embeddings endpoint, or it rejects the credentials.
    pub(super) const UNUSABLE: &str = "embeddings_unusable";

    /// The database has no pgvector. Everything else works without it, so only the embeddings wait.
    pub(super) fn lacks_vector(pipeline: &str) -> Self {
        Self {
            class: FailureClass::Permanent,
            reason_code: "embeddings_no_vector",
            message: format!(
                "the pipeline {pipeline:?} asks for embeddings, and the database has no pgvector: install pgvector on \
                 the server and run `create extension vector` in this database, or remove [pipelines.{pipeline}.embeddings]"
            ),
            retry_after: None,
        }
    }

    pub(super) fn is_passing(&self) -> bool {
        matches!(self.class, FailureClass::Transient | FailureClass::Throttled)
    }
}
