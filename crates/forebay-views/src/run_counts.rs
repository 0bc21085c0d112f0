//! What a run counts, whether it was carried out or only tried.

use forebay_domain::run::Counts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The counts of a run. Those of a dry run are of what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunCounts {
    /// Records that were read, valid or not.
    pub num_seen: u64,
    /// New references.
    pub num_added: u64,
    /// References with a new version.
    pub num_updated: u64,
    /// References whose content was already stored.
    pub num_unchanged: u64,
    /// References removed because the source no longer has them; for a dry run, with those whose removal is withheld.
    pub num_removed: u64,
    /// Removed references that are back.
    pub num_restored: u64,
    /// Records whose key appeared before.
    pub num_duplicate: u64,
    /// Rejected records.
    pub num_rejected: u64,
}

impl From<Counts> for RunCounts {
    fn from(counts: Counts) -> Self {
        Self {
            num_seen: counts.num_seen,
            num_added: counts.num_added,
            num_updated: counts.num_updated,
            num_unchanged: counts.num_unchanged,
            num_removed: counts.num_removed,
            num_restored: counts.num_restored,
            num_duplicate: counts.num_duplicate,
            num_rejected: counts.num_rejected,
        }
    }
}
