//! The records to pair, and the thresholds for pairing them.

/// Recognised when at least this many keys are paired; fewer may be a coincidence.
pub const MIN_PAIRS: usize = 3;

/// Recognised when at least this share of the vanished keys is paired.
pub const MIN_PAIRED_SHARE: f64 = 0.5;

/// Steps 3 and 4 are left out when more keys than this vanish, or appear.
pub const MAX_SIMILAR: usize = 50_000;

/// Step 3 pairs records with at least this similarity (0 to 1).
pub const MIN_SIMILARITY_WITH_KEY: f64 = 0.2;

/// Step 4 pairs records with at least this similarity (0 to 1).
pub const MIN_SIMILARITY: f64 = 0.5;

/// Step 4 wants the second-best choice to be less similar by this much, on both sides.
pub const MIN_LEAD: f64 = 0.05;

/// A record of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its `record_key`.
    pub key: String,
    /// Its payload as JSON text. What is not a JSON object is never paired.
    pub payload: String,
}
