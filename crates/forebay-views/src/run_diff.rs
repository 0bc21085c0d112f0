//! The changes that a held run withholds, field by field, and what a decision about a run does.

use forebay_domain::diff;
use forebay_engine::{
    Result,
    payload::Canonical,
    persist::{self, Preview},
};
use forebay_store::{
    changes::FieldTotals,
    runs::{RunRow, UndoTotals},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    held_change::{HeldChange, HeldTotals},
    json::Json,
    page::Page,
    run::{Run, RunSummary},
    version::FieldChange,
};

/// The withheld changes of a held run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunDiff {
    /// The run.
    pub run: RunSummary,
    /// What applying them would do now.
    pub effects: RunEffects,
    /// The fields that updates would change, those of the most updates first.
    pub fields: Vec<FieldDiff>,
    /// The changes, removals first.
    pub changes: Page<ChangeDiff>,
}

/// How many references a decision about a run changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunEffects {
    /// The references by kind of change, before any key is moved.
    #[serde(flatten)]
    pub totals: HeldTotals,
    /// Active references of the scope before it, and of the other scopes that have some of the records.
    pub num_active: u64,
    /// The share (0 to 1) of the active references that would be removed.
    pub removed_share: f64,
    /// The share (0 to 1) of the active references that would get other content.
    pub updated_share: f64,
}

/// A field that updates of a held run would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldDiff {
    /// The top-level field.
    pub field_name: String,
    /// Updates that would change it.
    pub num_changed: u64,
    /// Those of them after which it would have no value.
    pub num_lost: u64,
    /// Those of them before which it had no value.
    pub num_gained: u64,
    /// The share (0 to 1) of the updates that would change it.
    pub share: f64,
}

/// A withheld change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ChangeDiff {
    /// The reference and the kind of change.
    #[serde(flatten)]
    pub change: HeldChange,
    /// The fields that would change: of an addition all new ones, of a removal all that would be gone.
    pub fields: Vec<FieldChange>,
}

/// A run after an operator's decision, or what the decision would do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunDecision {
    /// The run; after `revert`, the run that undid it.
    pub run: Run,
    /// Whether nothing was changed, because only a preview was requested.
    pub is_dry_run: bool,
    /// What the decision was expected to do; of `reject`, what it drops.
    pub effects: RunEffects,
    /// References that got new keys; null: the decision was not about keys.
    pub num_rekeyed: Option<u64>,
    /// References that stay as they are because later runs have changed them; null: the decision was not `revert`.
    pub num_kept: Option<u64>,
}

impl RunEffects {
    fn new(totals: HeldTotals, num_active: u64) -> Self {
        let share = |count: u64| if num_active == 0 { 0.0 } else { count as f64 / num_active as f64 };
        let (removed_share, updated_share) = (share(totals.num_removed), share(totals.num_updated));
        Self { totals, num_active, removed_share, updated_share }
    }

    /// What undoing a run does.
    pub fn of_revert(totals: &UndoTotals, num_active: u64) -> Self {
        let UndoTotals { num_removed, num_updated, num_restored, .. } = *totals;
        Self::new(HeldTotals { num_added: 0, num_updated, num_restored, num_removed }, num_active)
    }
}

impl From<&Preview> for RunEffects {
    fn from(preview: &Preview) -> Self {
        Self::new(preview.totals.into(), preview.num_active)
    }
}

impl FieldDiff {
    fn new(field: FieldTotals, num_updated: u64) -> Self {
        let FieldTotals { field_name, num_changed, num_lost, num_gained } = field;
        Self { field_name, num_changed, num_lost, num_gained, share: num_changed as f64 / num_updated as f64 }
    }
}

impl RunDiff {
    /// A page of changes, values in canonical form. `next` is the cursor of the page after it.
    ///
    /// # Errors
    /// A stored value is not JSON.
    pub fn new(found: persist::RunDiff, next: Option<String>) -> Result<Self> {
        let canonical = &mut Canonical::new();
        let num_updated = found.totals.num_updated.max(1);
        let items =
            found.changes.into_iter().map(|change| change_diff(change, canonical)).collect::<Result<_>>()?;
        Ok(Self {
            run: summary(&found.run),
            effects: RunEffects::new(found.totals.into(), found.num_active),
            fields: found.fields.into_iter().map(|field| FieldDiff::new(field, num_updated)).collect(),
            changes: Page { items, next },
        })
    }
}

fn summary(run: &RunRow) -> RunSummary {
    run.into()
}

fn change_diff(found: persist::ChangeDiff, canonical: &mut Canonical) -> Result<ChangeDiff> {
    let persist::ChangeDiff { difference, fields } = found;
    let mut field = |change: diff::FieldChange| {
        let mut value = |text: Option<String>| text.map(|text| Json::canonical(&text, canonical)).transpose();
        Ok(FieldChange::new(change.field, value(change.old)?, value(change.new)?, false))
    };
    let fields = fields.into_iter().map(&mut field).collect::<Result<_>>()?;
    Ok(ChangeDiff { change: difference.into(), fields })
}
