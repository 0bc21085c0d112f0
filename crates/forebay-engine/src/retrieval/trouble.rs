//! Why an embeddings endpoint refused a request.

use std::time::Duration;

use forebay_domain::handoff::FailureClass;

/// What an endpoint's refusal means. No message holds a key, or text that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedTrouble {
    /// Transient and throttled: the next round may do better. Permanent: the settings have to change first.
    pub class: FailureClass,
    /// A stable word: `embeddings_throttled`, `embeddings_unavailable`, `embeddings_input_refused` or
    /// `embeddings_unusable`.
    pub reason_code: &'static str,
    /// A sentence.
    pub message: String,
    /// When the endpoint wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl EmbedTrouble {
    /// The endpoint works, but does not take this text.
    pub(super) const INPUT_REFUSED: &str = "embeddings_input_refused";
    /// The endpoint is not one, or does not take us.
    pub(super) const UNUSABLE: &str = "embeddings_unusable";

    pub(super) fn is_passing(&self) -> bool {
        matches!(self.class, FailureClass::Transient | FailureClass::Throttled)
    }
}
