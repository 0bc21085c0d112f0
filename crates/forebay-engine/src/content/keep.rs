//! `sync --keep`: a person decides which side wins where a sync leaves both alone.
//!
//! If the folder wins, the plan follows it, and the losing version is history in the database. If the database wins,
//! its files are written into the folder before the sync, which then finds both sides equal. A losing version that was
//! never stored is first copied to `.forebay/kept/HASH/PATH`, so nothing that a person wrote is lost.
//!
//! When changing this: a process may be killed between any two steps. Copies come first and removals last, and the same
//! command again ends what is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use forebay_domain::content::{
    paths::RelativePath,
    plan::{Changes, FileState, Keep, Side},
};
use forebay_store::{connect::Database, export, sources::Source};
use serde_json::Value;

use super::{
    disk::on_disk,
    error::ContentError,
    folder::CourseFolder,
    record::{bytes_of, path_of},
    sides::Known,
    snapshot::Snapshot,
};
use crate::error::{Error, Result};

forebay_domain::words! {
    /// What happened to a file of the folder.
    pub enum FolderChangeKind {
        /// It has the bytes of the database now.
        Written = "written",
        /// It was removed, as in the database.
        Removed = "removed",
    }
}

/// A file of the folder that a decision changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderChange {
    /// Its path.
    pub path: RelativePath,
    /// What happened to it.
    pub kind: FolderChangeKind,
    /// Where its bytes are now; `None`: it had none, or they are history in the database.
    pub kept_as: Option<RelativePath>,
}

/// A file that the folder takes from the database.
#[derive(Debug)]
pub(super) struct Take {
    /// Its state in the folder, if it is there.
    folder: Option<FileState>,
    /// Its path in the database, if it is there.
    database: Option<RelativePath>,
    /// Whether the bytes in the folder were never stored.
    is_unstored: bool,
}

/// What the folder takes from the database; nothing if the folder wins. Error: `not_in_conflict` for a path that needs
/// no decision.
pub(super) fn takes(
    keep: &Keep,
    changes: &Changes,
    snapshot: &Snapshot,
    known: &Known,
) -> std::result::Result<Vec<Take>, ContentError> {
    let conflicts = changes.conflicts.iter().filter(|one| keep.decides_conflict(one));
    let conflicts: Vec<_> =
        conflicts.map(|one| (&one.path, one.database_path.as_ref().unwrap_or(&one.path))).collect();
    let remote = changes.remote.iter().filter(|one| keep.decides_change(one));
    let remote = remote.map(|one| (one.folder_path.as_ref().unwrap_or(&one.path), &one.path));
    // Each with its path in the folder and in the database.
    let decided: Vec<(&RelativePath, &RelativePath)> = conflicts.iter().copied().chain(remote).collect();
    let named: BTreeSet<_> = decided.iter().flat_map(|(folder, database)| [*folder, *database]).collect();
    if let Some(path) = keep.paths.iter().find(|path| !named.contains(path)) {
        return Err(ContentError::NotInConflict { path: path.to_string() });
    }
    if keep.side == Side::Folder {
        return Ok(Vec::new());
    }
    let unstored: BTreeSet<_> = conflicts.iter().map(|(folder, _)| *folder).collect();
    let take = |(folder, database): (&RelativePath, &RelativePath)| Take {
        folder: snapshot.files.get(folder).map(|file| file.state.clone()),
        database: Some(database).filter(|path| known.files.contains_key(*path)).cloned(),
        is_unstored: unstored.contains(folder),
    };
    let mut takes: Vec<Take> = decided.into_iter().map(take).collect();
    // A file of the folder that is not part of the decision is not overwritten. The file that would take its path
    // waits.
    loop {
        let leaving: BTreeSet<RelativePath> =
            takes.iter().filter_map(|take| Some(take.folder.as_ref()?.path.clone())).collect();
        let is_free = |path: &RelativePath| leaving.contains(path) || !snapshot.files.contains_key(path);
        let num_before = takes.len();
        takes.retain(|take| take.database.as_ref().is_none_or(is_free));
        if takes.len() == num_before {
            return Ok(takes);
        }
    }
}

/// What [`apply`] would do.
pub(super) fn preview(takes: &[Take]) -> Vec<FolderChange> {
    let written: BTreeSet<&RelativePath> = takes.iter().filter_map(|take| take.database.as_ref()).collect();
    let changes = takes.iter().flat_map(|take| {
        let removed = take.folder.as_ref().map(|file| &file.path).filter(|path| !written.contains(path));
        let of = |path: &RelativePath, kind| FolderChange { path: path.clone(), kind, kept_as: None };
        let written = take.database.as_ref().map(|path| of(path, FolderChangeKind::Written));
        written.into_iter().chain(removed.map(|path| of(path, FolderChangeKind::Removed)))
    });
    sorted(changes.collect())
}

/// Changes the folder. A file that changed after the comparison, and one of which the database has only a hash, stays
/// as it is, so the sync reports it again.
pub(super) async fn apply(
    database: &Database,
    source: &Source,
    folder: &Arc<CourseFolder>,
    takes: Vec<Take>,
    max_bytes: u64,
) -> Result<Vec<FolderChange>> {
    let kept = Arc::clone(folder);
    let (takes, copies) = on_disk(move || copy(&kept, takes, max_bytes)).await?;
    let wanted: BTreeSet<RelativePath> = takes.iter().filter_map(|take| take.database.clone()).collect();
    // What is in the folder at each path now. It may change while the files are read from the database.
    let expected: BTreeMap<RelativePath, [u8; 32]> = takes
        .iter()
        .filter_map(|take| Some((take.folder.as_ref()?.path.clone(), take.folder.as_ref()?.hash)))
        .collect();
    let mut written = BTreeSet::new();
    if !wanted.is_empty() {
        let client = database.client().await?;
        let mut payloads = export::payloads(&**client, source, None, None).await?;
        while let Some(payload) = payloads.next().await? {
            let record: Value =
                serde_json::from_str(payload).map_err(|error| Error::Payload(error.to_string()))?;
            let Some(path) = path_of(&record)?.filter(|path| wanted.contains(path)) else { continue };
            let Some(bytes) = bytes_of(&record) else { continue };
            let (folder, at, expected) = (Arc::clone(folder), path.clone(), expected.get(&path).copied());
            if on_disk(move || folder.write_expecting(&at, &bytes, expected)).await? {
                written.insert(path);
            }
        }
    }
    let folder = Arc::clone(folder);
    on_disk(move || remove(&folder, &takes, written, copies)).await
}

/// Where the bytes of files that were never stored are now, by their paths.
type Copies = BTreeMap<RelativePath, RelativePath>;

/// Copies what would be lost. Leaves out files that changed meanwhile. Of a file of more than `max_bytes`, the database
/// has only a hash.
fn copy(
    folder: &CourseFolder,
    takes: Vec<Take>,
    max_bytes: u64,
) -> std::result::Result<(Vec<Take>, Copies), ContentError> {
    let (mut unchanged, mut copies) = (Vec::new(), Copies::new());
    for take in takes {
        if let Some(state) = &take.folder {
            if folder.hash(&state.path)?.is_none_or(|(now, _)| now != state.hash) {
                continue;
            }
            if take.is_unstored || state.size > max_bytes {
                let Some(copy) = folder.keep(&state.path, state.hash)? else { continue };
                copies.insert(state.path.clone(), copy);
            }
        }
        unchanged.push(take);
    }
    Ok((unchanged, copies))
}

/// Removes files that have another path in the database, or are gone from it.
fn remove(
    folder: &CourseFolder,
    takes: &[Take],
    written: BTreeSet<RelativePath>,
    mut copies: Copies,
) -> std::result::Result<Vec<FolderChange>, ContentError> {
    let mut changes = Vec::new();
    for take in takes {
        let Some(state) = take.folder.as_ref().filter(|state| !written.contains(&state.path)) else {
            continue;
        };
        let has_moved = take.database.as_ref().is_none_or(|path| written.contains(path));
        if has_moved && folder.remove_expecting(&state.path, state.hash)? {
            let kept_as = copies.remove(&state.path);
            changes.push(FolderChange { path: state.path.clone(), kind: FolderChangeKind::Removed, kept_as });
        }
    }
    changes.extend(written.into_iter().map(|path| {
        let kept_as = copies.remove(&path);
        FolderChange { path, kind: FolderChangeKind::Written, kept_as }
    }));
    Ok(sorted(changes))
}

fn sorted(mut changes: Vec<FolderChange>) -> Vec<FolderChange> {
    changes.sort();
    changes
}
