//! The effects of releasing a held run.

use forebay_store::changes::{Difference, StagedTotals};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change that a guard withholds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldChange {
    /// The reference, as a uuid.
    pub reference_id: String,
    /// Its key in the source.
    pub record_key: String,
    /// What applying it would do now.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// The reference's version now; null: it does not exist yet.
    pub version: Option<i32>,
}

/// What applying a held run would do to what is stored now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldTotals {
    /// References that it would add.
    pub num_added: u64,
    /// References that it would give a new version.
    pub num_updated: u64,
    /// Tombstones that it would restore.
    pub num_restored: u64,
    /// References that it would remove.
    pub num_removed: u64,
}

impl From<Difference> for HeldChange {
    fn from(difference: Difference) -> Self {
        Self {
            reference_id: difference.reference_id.to_string(),
            record_key: difference.record_key,
            change: difference.change.as_str().to_owned(),
            version: difference.version,
        }
    }
}

impl From<StagedTotals> for HeldTotals {
    fn from(totals: StagedTotals) -> Self {
        Self {
            num_added: totals.num_added,
            num_updated: totals.num_updated,
            num_restored: totals.num_restored,
            num_removed: totals.num_removed,
        }
    }
}
