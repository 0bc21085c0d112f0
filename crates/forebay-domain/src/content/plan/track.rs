//! Files followed through the three sides, and what happens to each.

use std::collections::BTreeSet;

use super::{
    action::{ConflictKind, RemoteKind},
    matching::pairs,
    state::FileState,
};
use crate::content::paths::RelativePath;

/// One file with its state on each side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track<'a> {
    pub(super) base: Option<&'a FileState>,
    pub(super) folder: Option<&'a FileState>,
    pub(super) database: Option<&'a FileState>,
}

/// What happens to a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Both sides are equal, or neither has it any more.
    Settled,
    /// The database follows the folder.
    Follow,
    /// Only the database changed it.
    Remote(RemoteKind),
    /// Both sides keep it.
    Conflict(ConflictKind),
}

/// Finds the states of each file. Files that the base does not have are matched between folder and database.
pub(super) fn tracks<'a>(
    folder: &[&'a FileState],
    base: &[&'a FileState],
    database: &[&'a FileState],
) -> Vec<Track<'a>> {
    let mut tracks: Vec<Track<'a>> =
        base.iter().map(|base| Track { base: Some(base), ..Track::default() }).collect();
    for (base, new) in pairs(base, folder) {
        tracks[base].folder = Some(folder[new]);
    }
    for (base, new) in pairs(base, database) {
        tracks[base].database = Some(database[new]);
    }
    let new_in_folder = rest(folder, tracks.iter().filter_map(|track| track.folder));
    let new_in_database = rest(database, tracks.iter().filter_map(|track| track.database));
    let first_new = tracks.len();
    tracks.extend(new_in_folder.iter().map(|file| Track { folder: Some(file), ..Track::default() }));
    let new_pairs = pairs(&new_in_folder, &new_in_database);
    for &(in_folder, in_database) in &new_pairs {
        tracks[first_new + in_folder].database = Some(new_in_database[in_database]);
    }
    let only_in_database = rest(&new_in_database, new_pairs.iter().map(|&(_, place)| new_in_database[place]));
    tracks
        .extend(only_in_database.into_iter().map(|file| Track { database: Some(file), ..Track::default() }));
    tracks
}

/// The files that are not among those that were found.
fn rest<'a>(files: &[&'a FileState], found: impl Iterator<Item = &'a FileState>) -> Vec<&'a FileState> {
    let found: BTreeSet<&RelativePath> = found.map(|file| &file.path).collect();
    files.iter().copied().filter(|file| !found.contains(&file.path)).collect()
}

/// What happens to a file, as far as its own states decide it.
pub(super) fn fate(track: &Track<'_>) -> Fate {
    let is_as_before = |now: &FileState| track.base.is_some_and(|base| base.is_same(now));
    match (track.folder, track.database) {
        (None, None) => Fate::Settled,
        (Some(folder), Some(database)) if folder.is_same(database) => Fate::Settled,
        (Some(folder), Some(_)) if is_as_before(folder) => Fate::Remote(RemoteKind::Changed),
        (Some(_), Some(database)) if is_as_before(database) => Fate::Follow,
        (Some(_), Some(_)) if track.base.is_some() => Fate::Conflict(ConflictKind::BothChanged),
        (Some(_), Some(_)) => Fate::Conflict(ConflictKind::BothAdded),
        (Some(_), None) if track.base.is_none() => Fate::Follow,
        (Some(folder), None) if is_as_before(folder) => Fate::Remote(RemoteKind::Removed),
        (Some(_), None) => Fate::Conflict(ConflictKind::ChangedAndRemoved),
        (None, Some(_)) if track.base.is_none() => Fate::Remote(RemoteKind::Added),
        (None, Some(database)) if is_as_before(database) => Fate::Follow,
        (None, Some(_)) => Fate::Conflict(ConflictKind::RemovedAndChanged),
    }
}
