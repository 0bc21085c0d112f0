//! Totals of what is stored.

use std::collections::BTreeMap;

use forebay_store::stats::Totals;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Totals of all sources, or of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stats {
    /// References.
    pub references: ReferenceCounts,
    /// The sum of the versions of all references.
    pub versions: u64,
    /// Revisions: one for each changed field, removal and restoration.
    pub revisions: u64,
    /// Hand-offs by state; every state is listed.
    pub handoffs: BTreeMap<String, u64>,
    /// Runs by status; every status is listed.
    pub runs: BTreeMap<String, u64>,
}

/// The number of references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReferenceCounts {
    /// Active references.
    pub active: u64,
    /// Removed references (tombstones).
    pub removed: u64,
}

impl From<Totals> for Stats {
    fn from(totals: Totals) -> Self {
        let owned = |counts: BTreeMap<&'static str, u64>| {
            counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
        };
        Self {
            references: ReferenceCounts { active: totals.num_active, removed: totals.num_removed },
            versions: totals.num_versions,
            revisions: totals.num_revisions,
            handoffs: owned(totals.handoffs),
            runs: owned(totals.runs),
        }
    }
}
