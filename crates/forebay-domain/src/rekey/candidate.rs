//! The records to pair, and the thresholds for pairing.

/// A re-key needs at least this many pairs; fewer may be a coincidence.
pub const MIN_PAIRS: usize = 3;

/// A re-key needs pairs for at least this share of the vanished keys.
pub const MIN_PAIRED_SHARE: f64 = 0.5;

/// Certain pairs are enough for this share of the vanished keys: in a list with much turnover, most of them are gone.
pub const MIN_CERTAIN_SHARE: f64 = 0.25;

/// Steps 3 and 4 are skipped if more keys than this vanished or appeared.
pub const MAX_SIMILAR: usize = 50_000;

/// Step 3 pairs records with at least this similarity (0 to 1).
pub const MIN_SIMILARITY_WITH_KEY: f64 = 0.2;

/// Step 4 pairs records with at least this similarity (0 to 1).
pub const MIN_SIMILARITY: f64 = 0.5;

/// In step 4, the best candidate must lead the second-best by at least this much, on both sides.
pub const MIN_LEAD: f64 = 0.05;

/// A vanished or appeared record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its `record_key`.
    pub key: String,
    /// Its payload as JSON text. A payload that is not a JSON object is never paired.
    pub payload: String,
}
