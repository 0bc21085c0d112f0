//! What a plan consists of.

use std::collections::BTreeSet;

use super::state::FileState;
use crate::content::{Problem, paths::RelativePath};

crate::words! {
    /// Why a file at another path is the same file.
    pub enum MatchedBy {
        /// It has the same lesson id.
        Id = "id",
        /// Its path differs only by case or Unicode form.
        CaseOnly = "case_only",
        /// It has the same bytes, as the only file on either side.
        Content = "content",
    }

    /// Why a file is left alone on both sides.
    pub enum ConflictKind {
        /// Both sides changed it.
        BothChanged = "both_changed",
        /// Both sides have it, the last sync did not, and it differs.
        BothAdded = "both_added",
        /// The folder no longer has it, and the database changed it.
        RemovedAndChanged = "removed_and_changed",
        /// The folder changed it, and the database no longer has it.
        ChangedAndRemoved = "changed_and_removed",
        /// The database has another file with this path or lesson id, which stays.
        Taken = "taken",
    }

    /// What only the database changed.
    pub enum RemoteKind {
        /// A file that is not in the folder.
        Added = "added",
        /// Other bytes, another path, or both.
        Changed = "changed",
        /// A file that is still in the folder.
        Removed = "removed",
    }
}

/// A change to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Remove a file.
    Remove {
        /// Its path.
        path: RelativePath,
    },
    /// Give a file another path. An update follows if its bytes changed too.
    Move {
        /// The path in the database.
        from: RelativePath,
        /// The path in the folder.
        to: RelativePath,
        /// Why they are the same file.
        matched_by: MatchedBy,
    },
    /// Store the bytes of a file that the database has, at the path that it has after all moves.
    Update {
        /// Its path.
        path: RelativePath,
        /// Whether only line endings changed.
        is_line_endings_only: bool,
    },
    /// Store a file that the database does not have.
    Add {
        /// Its path.
        path: RelativePath,
    },
}

impl Action {
    /// The path that the file has afterwards, or had before it was removed.
    pub fn path(&self) -> &RelativePath {
        match self {
            Self::Remove { path }
            | Self::Update { path, .. }
            | Self::Add { path }
            | Self::Move { to: path, .. } => path,
        }
    }

    /// The place of its kind in a plan: removals free paths, and updates name paths after moves.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Remove { .. } => 0,
            Self::Move { .. } => 1,
            Self::Update { .. } => 2,
            Self::Add { .. } => 3,
        }
    }
}

/// A file that both sides keep as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its path in the folder; in the database if the folder no longer has it.
    pub path: RelativePath,
    /// Its path in the database, if that is another one.
    pub database_path: Option<RelativePath>,
    /// Why.
    pub kind: ConflictKind,
    /// Whether the sides differ in line endings only.
    pub is_line_endings_only: bool,
}

/// A change that only the database made. It is reported and never overwritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteChange {
    /// The path in the database; in the folder if the database no longer has the file.
    pub path: RelativePath,
    /// The path in the folder, if that is another one.
    pub folder_path: Option<RelativePath>,
    /// What changed.
    pub kind: RemoteKind,
}

/// How to make the database equal the folder.
///
/// The actions are one set for one transaction: files may swap their paths, so first take all removed and moved files
/// from their old paths, then put files at their new ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What to do: removals, moves, updates, additions; each kind by path.
    pub actions: Vec<Action>,
    /// Files that are equal on both sides, by path.
    pub unchanged: Vec<RelativePath>,
    /// Files that both sides keep, by path.
    pub conflicts: Vec<Conflict>,
    /// Changes that only the database made, by path.
    pub remote: Vec<RemoteChange>,
    /// Files that are left alone until somebody corrects them, by path.
    pub problems: Vec<Problem>,
    /// The base for the next plan, once the actions are applied, by path. Files in conflict and files that only the
    /// database changed keep their base, so they are reported again. So two files can have the same path: one that
    /// moved away and is in conflict, and another one that took its place. Keep both.
    pub base: Vec<FileState>,
}

impl Changes {
    /// The paths of files that both sides keep as they are: in conflict, changed only in the database, or with a
    /// problem.
    pub fn left_alone(&self) -> BTreeSet<RelativePath> {
        let conflicts = self.conflicts.iter().flat_map(|one| [Some(&one.path), one.database_path.as_ref()]);
        let problems = self.problems.iter().filter_map(|problem| RelativePath::parse(&problem.path).ok());
        let remote = self.remote.iter().flat_map(|one| [Some(&one.path), one.folder_path.as_ref()]);
        conflicts.chain(remote).flatten().cloned().chain(problems).collect()
    }

    /// Whether both sides are equal and nothing is left to report.
    pub fn is_clean(&self) -> bool {
        self.actions.is_empty()
            && self.conflicts.is_empty()
            && self.remote.is_empty()
            && self.problems.is_empty()
    }
}
