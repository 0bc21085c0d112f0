//! Policies that fit a scope better than its current one, learnt from its runs.

use super::{
    baseline::PastRun,
    policy::{GuardPolicy, RemovalPolicy},
};
use crate::rekey::RekeyPolicy;

/// An operator accepted this many re-keys before it looks like a habit of the source.
const MIN_REKEYS: usize = 2;

/// A list shows only its newest records if this many runs replaced some.
const MIN_REPLACING: usize = 10;

/// The length of such a list varies by at most this factor.
const MAX_LENGTH_FACTOR: f64 = 1.1;

crate::words! {
    /// A policy that fits better.
    pub enum Suggestion {
        /// `rekey = "follow"`: keys of this source change by nature.
        FollowRekeys = "follow_rekeys",
        /// `removals = "never"`: the source lists only its newest records.
        NeverRemove = "never_remove",
    }
}

impl Suggestion {
    /// One sentence with the reason and the setting.
    pub fn message(self) -> &'static str {
        match self {
            Self::FollowRekeys => {
                "operators accepted several re-keys; `rekey = \"follow\"` moves pairs with equal content by itself"
            }
            Self::NeverRemove => {
                "the list keeps its length, every run removes, and nothing ever returns: it seems to show only the \
                 newest records; `removals = \"never\"` keeps the older ones"
            }
        }
    }
}

/// The policies that fit the runs of a scope better, newest run first.
pub fn suggest(policy: &GuardPolicy, history: &[PastRun]) -> Vec<Suggestion> {
    let num_rekeys = history.iter().filter(|run| run.num_rekeyed > 0).count();
    let follow = policy.rekey == RekeyPolicy::Hold && num_rekeys >= MIN_REKEYS;
    let never = policy.removals == RemovalPolicy::Guarded && shows_newest(history);
    [(follow, Suggestion::FollowRekeys), (never, Suggestion::NeverRemove)]
        .into_iter()
        .filter_map(|(fits, suggestion)| fits.then_some(suggestion))
        .collect()
}

/// Whether every run that changed the list removed, nothing ever returned, and the list kept its length. Without the
/// length, every list of open incidents would qualify.
fn shows_newest(history: &[PastRun]) -> bool {
    let changing: Vec<&PastRun> = history
        .iter()
        .filter(|run| run.num_active_before > 0 && run.num_added + run.num_removed > 0)
        .collect();
    let lengths = || changing.iter().map(|run| run.num_seen);
    let (shortest, longest) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
    changing.len() >= MIN_REPLACING
        && changing.iter().all(|run| run.num_removed > 0 && run.num_restored == 0)
        && longest as f64 <= MAX_LENGTH_FACTOR * shortest as f64
}
