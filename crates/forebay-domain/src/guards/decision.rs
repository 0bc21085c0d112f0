//! What the guards decided: the changes to apply, the changes to withhold, and why.

use super::evidence::Missing;
use crate::rekey::Pair;

crate::words! {
    /// Why changes are withheld, most important first; a held run lists its reasons in this order.
    pub enum HoldReason {
        /// No records, although there are active references.
        EmptyRun = "empty_run",
        /// Records that are active in another scope.
        ScopeConflict = "scope_conflict",
        /// The same content under other keys.
        RekeySuspected = "rekey_suspected",
        /// More references vanished at once than usual.
        MassRemoval = "mass_removal",
        /// Far fewer or far more keys than usual.
        RecordCount = "record_count",
        /// Fields that usually have values lost them.
        CoverageDrop = "coverage_drop",
        /// More new versions than the policy allows.
        MassChange = "mass_change",
    }
}

/// One guard that withholds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which guard it was.
    pub reason: HoldReason,
    /// What it saw, and the limit with its origin.
    pub message: String,
}

/// The updates that stay staged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WithheldUpdates {
    /// None.
    #[default]
    None,
    /// Those that lose at least one of these fields.
    Losing(Vec<String>),
    /// All.
    All,
}

/// The changes that stay staged until a later run or an operator decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Missing references, which stay active.
    pub missing: Vec<Missing>,
    /// How many references stay active although their records say that they are gone.
    pub num_flagged: u64,
    /// Old keys, which stay active, with the new keys, which are not added.
    pub pairs: Vec<Pair>,
    /// Updates; their references keep the stored version.
    pub updates: WithheldUpdates,
    /// How many updates these are.
    pub num_updates: u64,
    /// How many records these are that another scope has. They stay there.
    pub num_taken: u64,
}

impl Withheld {
    /// Withheld changes; a pair is one.
    pub fn num_withheld(&self) -> u64 {
        let num_missing: u64 = self.missing.iter().map(|missing| missing.num_references).sum();
        num_missing + self.num_flagged + self.pairs.len() as u64 + self.num_updates + self.num_taken
    }

    pub(super) fn withhold_losing(&mut self, fields: Vec<String>, num_updates: u64) {
        if num_updates > 0 {
            self.updates = WithheldUpdates::Losing(fields);
            self.num_updates = num_updates;
        }
    }

    pub(super) fn withhold_updates(&mut self, num_updates: u64) {
        self.updates = WithheldUpdates::All;
        self.num_updates = num_updates;
    }
}

/// The decision on a complete run. All that it does not withhold is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Why something is withheld, most important first; empty if and only if nothing is.
    pub held: Vec<Held>,
    /// What is withheld.
    pub withheld: Withheld,
    /// Missing references to remove. Missing references that are neither here nor withheld stay active, because the
    /// policy never removes.
    pub removed: Vec<Missing>,
    /// References to move to their new keys.
    pub moved: Vec<Pair>,
    /// Suspected pairs to apply as removals and additions, as operators usually do in this scope.
    pub split: Vec<Pair>,
    /// Findings for which nothing is withheld.
    pub notes: Vec<String>,
}

impl Decision {
    /// Whether something waits for a later run or an operator.
    pub fn is_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether the run itself did nothing suspicious: all that it withholds was withheld before. Later runs learn from
    /// such a run.
    pub fn is_ordinary(&self) -> bool {
        self.held.iter().all(|held| held.reason == HoldReason::MassRemoval)
            && self.withheld.missing.iter().all(|missing| missing.num_runs > 1)
            && self.withheld.num_flagged == 0
    }

    /// Records a finding: as a reason of the hold if it withholds something, else as a note.
    pub(super) fn find(&mut self, reason: HoldReason, message: String, withholds: bool) {
        if withholds {
            self.hold(reason, message);
        } else {
            self.notes.push(message);
        }
    }

    pub(super) fn hold(&mut self, reason: HoldReason, message: String) {
        self.held.push(Held { reason, message });
    }
}
