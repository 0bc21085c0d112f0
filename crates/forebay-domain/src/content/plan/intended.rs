//! What a sync intends to store, for the case that it ends before it can remember what it stored.

use std::collections::BTreeMap;

use super::{keep::SeenVersions, state::FileState};
use crate::content::paths::RelativePath;

/// The paths at which `after` differs from `before`, with the hashes of `after`. No hash: there is no file.
pub fn intended(before: &[FileState], after: &[FileState]) -> SeenVersions {
    let hashes = |files: &[FileState]| -> SeenVersions {
        files.iter().map(|file| (file.path.clone(), Some(file.hash))).collect()
    };
    let (before, after) = (hashes(before), hashes(after));
    let gone = before.keys().filter(|path| !after.contains_key(*path)).map(|path| (path.clone(), None));
    let gone: Vec<_> = gone.collect();
    after.into_iter().filter(|(path, hash)| before.get(path) != Some(hash)).chain(gone).collect()
}

/// The base after a sync that ended before it could remember the files. At each path where the database is as the sync
/// intended, the sync has stored it, so both sides had the file in common.
pub fn base_as_intended(
    base: Vec<FileState>,
    intended: &SeenVersions,
    database: &[FileState],
) -> Vec<FileState> {
    let stored: BTreeMap<&RelativePath, &FileState> =
        database.iter().map(|file| (&file.path, file)).collect();
    let mut after: BTreeMap<RelativePath, FileState> =
        base.into_iter().map(|file| (file.path.clone(), file)).collect();
    for (path, hash) in intended {
        match stored.get(path) {
            None if hash.is_none() => {
                after.remove(path);
            }
            Some(file) if *hash == Some(file.hash) => {
                after.insert(path.clone(), (*file).clone());
            }
            // It was not stored, or has changed since.
            None | Some(_) => {}
        }
    }
    after.into_values().collect()
}
