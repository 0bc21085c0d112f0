//! The made-up data of a database.

use std::collections::BTreeMap;

use forebay_engine::seed::Seeded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The made-up data that shows every state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseSeed {
    /// Whether it was loaded now; false: it was there, and nothing was written.
    pub is_new: bool,
    /// Its sources, by name.
    pub sources: Vec<String>,
    /// References, active and removed.
    pub num_references: u64,
    /// Runs by status; every status is listed.
    pub runs: BTreeMap<String, u64>,
    /// Hand-offs by state; every state is listed.
    pub handoffs: BTreeMap<String, u64>,
}

impl From<Seeded> for DatabaseSeed {
    fn from(seeded: Seeded) -> Self {
        let owned = |counts: BTreeMap<&'static str, u64>| {
            counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
        };
        Self {
            is_new: seeded.is_new,
            sources: seeded.sources,
            num_references: seeded.num_references,
            runs: owned(seeded.runs),
            handoffs: owned(seeded.handoffs),
        }
    }
}
