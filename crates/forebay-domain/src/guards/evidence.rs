//! The facts about a complete run before anything is applied. All counts are of the run's scope.

use jiff::Timestamp;

use crate::{coverage::Coverage, rekey::Rekey};

/// Active references that the run did not see and that the same run missed first. They are judged together: on their
/// first day as this run's removals, and afresh by each later run until they return, are removed or are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// When the first run that missed them observed the source.
    pub since: Timestamp,
    /// Complete runs in a row that missed them, with this one: 1 on their first day.
    pub num_runs: u64,
    /// References that are still missing.
    pub num_references: u64,
}

/// Updates that lose the same fields: the stored version has values there, the new record has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The lost fields.
    pub fields: Vec<String>,
    /// References with such an update.
    pub num_updates: u64,
}

/// Records of the run whose references are active in other scopes that were seen complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many.
    pub num_references: u64,
    /// How many of them would get a new version.
    pub num_updated: u64,
    /// One of these scopes.
    pub scope: String,
}

/// The evidence of a complete run.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// When the run observed the source.
    pub observed_at: Timestamp,
    /// Active references before the run.
    pub num_active_before: u64,
    /// Distinct keys seen.
    pub num_seen: u64,
    /// References of the scope that would get a new version.
    pub num_updated: u64,
    /// The missing references, without those in `rekey`.
    pub missing: &'a [Missing],
    /// Active references of the scope that records of the run say are gone.
    pub num_flagged: u64,
    /// The updates that lose fields, grouped by the fields they lose.
    pub losses: &'a [Loss],
    /// The records that other scopes have; `None`: there are none.
    pub taken: Option<&'a Taken>,
    /// The coverage of the run.
    pub coverage: &'a Coverage,
    /// The result of [`rekey::recognise`](crate::rekey::recognise) for the vanished and appeared keys.
    pub rekey: Option<&'a Rekey>,
}

impl Evidence<'_> {
    /// The share (0 to 1) that some missing references are of those that were there until then. References that earlier
    /// runs missed are not counted: otherwise, with each run that removes nothing, they would make a new group look
    /// smaller.
    pub(super) fn missing_share(&self, missing: &Missing) -> f64 {
        let earlier = self.missing.iter().filter(|group| group.num_runs > 1 && *group != missing);
        let num_earlier: u64 = earlier.map(|group| group.num_references).sum();
        let num_there = self.num_active_before.saturating_sub(num_earlier).max(1);
        missing.num_references as f64 / num_there as f64
    }

    /// Missing references that earlier runs missed, too.
    pub(super) fn num_missing_earlier(&self) -> u64 {
        let earlier = self.missing.iter().filter(|missing| missing.num_runs > 1);
        earlier.map(|missing| missing.num_references).sum()
    }

    /// Updates that lose at least one of `fields`.
    pub(super) fn num_losing(&self, fields: &[&str]) -> u64 {
        let loses = |loss: &&Loss| loss.fields.iter().any(|lost| fields.contains(&lost.as_str()));
        self.losses.iter().filter(loses).map(|loss| loss.num_updates).sum()
    }
}
