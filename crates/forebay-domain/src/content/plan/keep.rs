//! A decision of a person: which side wins where the plan leaves both alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    action::{Conflict, RemoteChange, RemoteKind},
    state::FileState,
    track::{Fate, Track},
};
use crate::content::paths::RelativePath;

crate::words! {
    /// A side of a comparison.
    pub enum Side {
        /// The course folder.
        Folder = "folder",
        /// The database.
        Database = "database",
    }
}

/// Which side wins, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The side whose files stay.
    pub side: Side,
    /// The files, each by its path on either side. Empty: all conflicts, and what only the database did, unless this
    /// side would have to remove a file or to give up bytes for it.
    pub paths: BTreeSet<RelativePath>,
    /// The versions of the database that somebody has seen: if the folder wins, it replaces only these. `None`: all.
    pub seen: Option<SeenVersions>,
}

/// Hashes of files by their path in the database. A file that the database has lost has its path in the folder, and no
/// hash.
pub type SeenVersions = BTreeMap<RelativePath, Option<[u8; 32]>>;

impl Keep {
    /// Whether it decides about a conflict.
    pub fn decides_conflict(&self, conflict: &Conflict) -> bool {
        self.paths.is_empty() || self.names([Some(&conflict.path), conflict.database_path.as_ref()])
    }

    /// Whether it decides about a change that only the database made.
    pub fn decides_change(&self, change: &RemoteChange) -> bool {
        if self.paths.is_empty() {
            self.adds(change.kind)
        } else {
            self.names([Some(&change.path), change.folder_path.as_ref()])
        }
    }

    /// The fate of a file after the decision. If the database wins, it is the folder that changes, which no plan does.
    pub(super) fn overrule(&self, track: &Track<'_>, fate: Fate) -> Fate {
        let path = |file: Option<&'_ FileState>| file.map(|file| file.path.clone());
        let (in_folder, in_database) = (path(track.folder), path(track.database));
        let is_named = self.names([in_folder.as_ref(), in_database.as_ref()]);
        let is_decided = match fate {
            Fate::Settled | Fate::Follow => false,
            Fate::Conflict(_) => self.paths.is_empty() || is_named,
            Fate::Remote(kind) if self.paths.is_empty() => self.adds(kind),
            Fate::Remote(_) => is_named,
        };
        if is_decided && self.side == Side::Folder && self.has_seen(track) { Fate::Follow } else { fate }
    }

    fn has_seen(&self, track: &Track<'_>) -> bool {
        let (Some(seen), Some(file)) = (&self.seen, track.database.or(track.folder)) else { return true };
        seen.get(&file.path) == Some(&track.database.map(|file| file.hash))
    }

    /// Whether the losing side only gets something, and nothing that a person made is given up.
    fn adds(&self, kind: RemoteKind) -> bool {
        match self.side {
            Side::Folder => kind == RemoteKind::Removed,
            Side::Database => kind != RemoteKind::Removed,
        }
    }

    fn names(&self, paths: [Option<&RelativePath>; 2]) -> bool {
        paths.into_iter().flatten().any(|path| self.paths.contains(path))
    }
}
