//! The guard of a plan: a folder that lost many files at once is more likely unmounted than edited.

use std::collections::BTreeSet;

use super::{
    action::Changes,
    decide::decide,
    keep::Keep,
    state::{FileState, Sides},
};
use crate::content::paths::RelativePath;

crate::words! {
    /// Why nothing is done before somebody agrees.
    pub enum RefusalReason {
        /// The folder does not exist.
        FolderMissing = "folder_missing",
        /// The folder has no files, and files are known.
        FolderEmpty = "folder_empty",
        /// Too many of the known files are gone from the folder.
        TooManyGone = "too_many_gone",
    }
}

/// When a plan is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardSettings {
    /// The share of the known files that may be gone. Default: 0.2.
    pub max_gone_share: f64,
    /// So many may always be gone. Default: 1.
    pub min_gone: usize,
    /// Whether somebody agreed to any number of removals. Default: false.
    pub is_allowed: bool,
    /// Paths in the database whose removal the guards of a run withhold. They wait for a person already, so they do not
    /// keep other changes waiting.
    pub withheld: BTreeSet<RelativePath>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { max_gone_share: 0.2, min_gone: 1, is_allowed: false, withheld: BTreeSet::new() }
    }
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// What to do.
    Ready(Changes),
    /// Do nothing, and ask.
    Refused(Refusal),
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// How many files the last sync knew; if there was none, how many the database has.
    pub num_known: usize,
    /// Those of them that are gone from the folder, by path.
    pub gone: Vec<RelativePath>,
}

/// Compares the sides and guards the result.
///
/// A file that was moved or renamed is not gone. Files whose ids are doubled or whose paths collide are not gone
/// either.
pub fn plan(sides: Sides<'_>, guard: &GuardSettings) -> Plan {
    plan_keeping(sides, guard, None)
}

/// [`plan`] after a person has decided which side wins.
pub fn plan_keeping(sides: Sides<'_>, guard: &GuardSettings, keep: Option<&Keep>) -> Plan {
    let mut decided = decide(sides, keep);
    let is_new = |file: &FileState| !guard.withheld.contains(&file.path);
    decided.gone.retain(|file| is_new(file));
    let num_known = sides.base.iter().filter(|file| is_new(file)).count();
    match refusal(sides, num_known, decided.gone.len(), guard) {
        Some(RefusalReason::FolderEmpty) if sides.base.is_empty() => {
            let gone: Vec<RelativePath> = sides.database.iter().map(|file| file.path.clone()).collect();
            Plan::Refused(Refusal { reason: RefusalReason::FolderEmpty, num_known: gone.len(), gone })
        }
        Some(reason) => {
            let gone = decided.gone.into_iter().map(|file| file.path.clone()).collect();
            Plan::Refused(Refusal { reason, num_known, gone })
        }
        None => Plan::Ready(decided.changes),
    }
}

fn refusal(
    sides: Sides<'_>,
    num_known: usize,
    num_gone: usize,
    guard: &GuardSettings,
) -> Option<RefusalReason> {
    if guard.is_allowed {
        return None;
    }
    let has_files = !sides.base.is_empty() || !sides.database.is_empty();
    match sides.folder {
        None => Some(RefusalReason::FolderMissing),
        Some([]) if has_files => Some(RefusalReason::FolderEmpty),
        Some(_) => {
            let is_many =
                num_gone > guard.min_gone && num_gone as f64 > guard.max_gone_share * num_known as f64;
            is_many.then_some(RefusalReason::TooManyGone)
        }
    }
}
