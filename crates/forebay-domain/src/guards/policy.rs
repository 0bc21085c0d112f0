//! What an operator allows a source's runs to do.

use crate::rekey::RekeyPolicy;

crate::words! {
    /// Whether complete runs remove the references that they did not see.
    #[derive(Default)]
    pub enum RemovalPolicy {
        /// Yes, as far as the guards allow.
        #[default]
        Guarded = "guarded",
        /// No: the source lists only its newest records, and older ones stay valid.
        Never = "never",
    }
}

/// When removals that were withheld are applied without an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// The references were missing in at least this many runs in a row.
    pub num_runs: u64,
    /// The first of those runs is at least this many days old.
    pub num_days: u32,
}

impl Confirm {
    /// What messages suggest to an operator who has not chosen.
    pub const SUGGESTED: Self = Self { num_runs: 5, num_days: 7 };
}

/// The guards of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuardPolicy {
    /// Whether guards apply; if not, nothing is ever withheld. Default: true.
    pub enabled: bool,
    /// Whether runs remove at all. Default: guarded.
    pub removals: RemovalPolicy,
    /// When withheld removals are applied without an operator. Default: never.
    pub confirm: Option<Confirm>,
    /// Withhold all removals if the run saw no record. Default: true.
    pub hold_empty: bool,
    /// What happens to records that reappear under other keys. Default: hold.
    pub rekey: RekeyPolicy,
    /// Withhold references that vanished together if they are more than this share (0 to 1) of the active ones.
    /// Default: learnt from earlier runs, which also compares the number of keys.
    pub max_removed_share: Option<f64>,
    /// Up to this many references that vanished together may be removed, regardless of the share. Default: 5.
    pub min_removed: u64,
    /// Withhold updates if more than this share (0 to 1) of the active references would get a new version. Default: 1,
    /// which never withholds: a source may legitimately rewrite everything.
    pub max_changed_share: f64,
    /// Up to this many references may get a new version, regardless of the share. Default: 5.
    pub min_changed: u64,
    /// A field lost its values if its share fell below this fraction (0 to 1) of its usual minimum; 0 disables the
    /// guard. Default: 0.5.
    pub min_coverage_kept: f64,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            removals: RemovalPolicy::Guarded,
            confirm: None,
            hold_empty: true,
            rekey: RekeyPolicy::Hold,
            max_removed_share: None,
            min_removed: 5,
            max_changed_share: 1.0,
            min_changed: 5,
            min_coverage_kept: 0.5,
        }
    }
}

impl GuardPolicy {
    /// The default thresholds, with guards off.
    pub fn off() -> Self {
        Self { enabled: false, ..Self::default() }
    }
}
