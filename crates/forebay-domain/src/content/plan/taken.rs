//! Paths and lesson ids that the database cannot give to a file, because it keeps another file with them.
//!
//! The database follows the folder file by file, and some files of the database stay where they are: those in conflict,
//! those that only the database changed, and those that are left alone. A file that would need the path or the id of
//! one of those becomes a conflict. It then stays where it is too, which may take the place of a third one, and so on.

use std::collections::BTreeMap;

use super::{
    action::ConflictKind,
    state::FileState,
    track::{Fate, Track},
};
use crate::content::paths::FoldKey;

/// What only one file of the database can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// A path for a file.
    File(FoldKey),
    /// A path for a folder. Many files can share it, but none of them can be at it.
    Folder(FoldKey),
    /// A lesson id.
    Id(String),
}

/// Turns tracks that need something that is taken into conflicts. `left_alone` stay in the database as well.
pub(super) fn give_up_taken(tracks: &[Track<'_>], fates: &mut [Fate], left_alone: &[&FileState]) {
    let mut wanted: BTreeMap<Claim, Vec<usize>> = BTreeMap::new();
    for (place, track) in tracks.iter().enumerate().filter(|(place, _)| fates[*place] == Fate::Follow) {
        for claim in track.folder.into_iter().flat_map(needs) {
            wanted.entry(claim).or_default().push(place);
        }
    }
    let mut kept: Vec<&FileState> = left_alone.to_vec();
    let stays = tracks.iter().zip(&*fates).filter(|(_, fate)| **fate != Fate::Follow);
    kept.extend(stays.filter_map(|(track, _)| track.database));
    while let Some(file) = kept.pop() {
        // No claim is looked at twice, so this takes one step for each claim.
        for place in takes(file).filter_map(|claim| wanted.remove(&claim)).flatten() {
            if fates[place] == Fate::Follow {
                fates[place] = Fate::Conflict(ConflictKind::Taken);
                kept.extend(tracks[place].database);
            }
        }
    }
}

/// What a file needs to be free.
fn needs(file: &FileState) -> impl Iterator<Item = Claim> {
    let id = file.lesson_id.clone().map(Claim::Id);
    let folders = file.path.ancestors().map(|folder| Claim::Folder(FoldKey::of(folder)));
    std::iter::once(Claim::File(file.path.fold())).chain(id).chain(folders)
}

/// What other files cannot have while a file is where it is.
fn takes(file: &FileState) -> impl Iterator<Item = Claim> {
    let id = file.lesson_id.clone().map(Claim::Id);
    let key = file.path.fold();
    let folders = file.path.ancestors().map(|folder| Claim::File(FoldKey::of(folder)));
    [Claim::File(key.clone()), Claim::Folder(key)].into_iter().chain(id).chain(folders)
}
