//! Lists the files of a course folder.

use std::{os::fd::OwnedFd, path::Path};

use forebay_domain::content::{
    Problem,
    layout::{Layout, Role},
    paths::{MAX_DEPTH, RelativePath},
};
use rustix::fs::{AtFlags, Dir, FileType, Mode, openat, statat, unlinkat};

use super::{
    super::error::{ContentError, Result},
    CourseFolder, FolderLock, OWN_FOLDER, folder_flags,
    write::{is_own_temporary, is_temporary},
};

forebay_domain::words! {
    /// Why an entry of a folder is not stored.
    pub enum SkipReason {
        /// The layout ignores it.
        Ignored = "ignored",
        /// It is a symbolic link.
        Symlink = "symlink",
        /// It is neither a file nor a folder, such as a pipe.
        Special = "special",
    }
}

/// How deep copies are in [`OWN_FOLDER`]: below `kept/HASH`.
const OWN_DEPTH: usize = MAX_DEPTH + 2;

/// An entry that is not stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path in the course folder.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// A file of the course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::content) struct Found {
    /// Its path.
    pub(in crate::content) path: RelativePath,
    /// What it is.
    pub(in crate::content) role: Role,
    /// Its size in bytes.
    pub(in crate::content) size: u64,
}

/// The files of a folder.
#[derive(Debug, Default)]
pub(in crate::content) struct Walk {
    /// The files, by path.
    pub(in crate::content) files: Vec<Found>,
    /// Entries that are not stored, by path. A folder that is ignored is one entry.
    pub(in crate::content) skipped: Vec<Skipped>,
    /// Files whose path cannot be stored, and folders that cannot be read.
    pub(in crate::content) problems: Vec<Problem>,
    /// Folders, and entries of folders, that cannot be looked at.
    pub(in crate::content) unreadable: Vec<RelativePath>,
    /// Temporary files of writers that are gone, unless one of them writes just now.
    pub(in crate::content) leftovers: Vec<RelativePath>,
}

impl CourseFolder {
    /// Lists the files with the roles that a layout gives them.
    pub(in crate::content) fn walk(&self, layout: &Layout) -> Result<Walk> {
        let failed = |error: rustix::io::Errno| ContentError::file("list", self.path(), error.into());
        let root = openat(&self.root, ".", folder_flags(), Mode::empty()).map_err(failed)?;
        let mut lister = Lister { root: self.path(), layout, walk: Walk::default() };
        lister.folder(&root, "", 0)?;
        let mut walk = lister.walk;
        walk.files.sort_by(|one, other| one.path.cmp(&other.path));
        walk.skipped.sort();
        walk.problems.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(walk)
    }

    /// Deletes temporary files that dead writers left. Only the holder of the lock may: without it, their writer may be
    /// alive.
    pub(in crate::content) fn remove_leftovers(&self, _lock: &FolderLock, leftovers: &[RelativePath]) {
        for path in leftovers {
            if let Ok(Some((folder, name))) = self.parent(path, false) {
                // They do no harm, so a failure is no reason to stop.
                let _ = unlinkat(&folder, name, AtFlags::empty());
            }
        }
        // The walk does not enter this folder.
        if let Ok(own) = openat(&self.root, OWN_FOLDER, folder_flags(), Mode::empty()) {
            remove_temporaries(&own, 0);
        }
    }
}

/// Deletes temporary files of other processes in a folder and the folders in it. Copies of files are in subfolders.
fn remove_temporaries(folder: &OwnedFd, depth: usize) {
    let Ok(entries) = Dir::read_from(folder) else { return };
    for entry in entries.filter_map(std::result::Result::ok) {
        let name = entry.file_name();
        if is_temporary(name.to_bytes()) && !is_own_temporary(name.to_bytes()) {
            let _ = unlinkat(folder, name, AtFlags::empty());
        } else if depth < OWN_DEPTH && !matches!(name.to_bytes(), b"." | b"..") {
            // A file is no folder, so this skips it.
            if let Ok(inside) = openat(folder, name, folder_flags(), Mode::empty()) {
                remove_temporaries(&inside, depth + 1);
            }
        }
    }
}

/// Lists a folder.
struct Lister<'a> {
    /// The path of the course folder, for messages.
    root: &'a Path,
    layout: &'a Layout,
    walk: Walk,
}

impl Lister<'_> {
    fn folder(&mut self, folder: &OwnedFd, prefix: &str, depth: usize) -> Result<()> {
        let root = self.root;
        let failed = |error: rustix::io::Errno| ContentError::file("list", &root.join(prefix), error.into());
        for entry in Dir::read_from(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let mut path = prefix.as_bytes().to_vec();
            path.extend(name);
            let stat = match statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // It is gone already.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => {
                    self.unreadable(&path, error)?;
                    continue;
                }
            };
            let reason = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    self.subfolder(folder, &entry, &path, depth)?;
                    continue;
                }
                FileType::RegularFile => None,
                FileType::Symlink => Some(SkipReason::Symlink),
                _ => Some(SkipReason::Special),
            };
            if is_temporary(name) {
                if !is_own_temporary(name) {
                    self.walk.leftovers.extend(RelativePath::parse_bytes(&path).ok());
                }
                continue;
            }
            if let Some(reason) = reason {
                self.skip(&path, reason);
                continue;
            }
            self.file(&path, u64::try_from(stat.st_size).unwrap_or(0));
        }
        Ok(())
    }

    fn subfolder(
        &mut self,
        folder: &OwnedFd,
        entry: &rustix::fs::DirEntry,
        path: &[u8],
        depth: usize,
    ) -> Result<()> {
        let inside = match RelativePath::parse_bytes(path) {
            Ok(path) => path,
            Err(problem) => {
                self.walk.problems.push(problem);
                return Ok(());
            }
        };
        // A pattern such as `book/**` ignores everything in a folder, so no file of it needs to be looked at.
        let probe = RelativePath::parse(&format!("{inside}/file"));
        let is_ignored = probe.is_ok_and(|probe| self.layout.classify(&probe) == Role::Ignored);
        if is_ignored || depth >= MAX_DEPTH {
            self.skip(path, SkipReason::Ignored);
            return Ok(());
        }
        let opened = match openat(folder, entry.file_name(), folder_flags(), Mode::empty()) {
            Ok(opened) => opened,
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(error) => return self.unreadable(path, error),
        };
        self.folder(&opened, &format!("{inside}/"), depth + 1)
    }

    /// An entry that this process may not look at is a problem of that entry. Error: any other failure.
    fn unreadable(&mut self, path: &[u8], error: rustix::io::Errno) -> Result<()> {
        match RelativePath::parse_bytes(path) {
            Ok(path) => {
                let error = ContentError::file("read", &self.root.join(path.as_str()), error.into());
                self.walk.problems.push(error.into_problem(&path)?);
                self.walk.unreadable.push(path);
            }
            Err(problem) => self.walk.problems.push(problem),
        }
        Ok(())
    }

    fn file(&mut self, path: &[u8], size: u64) {
        match RelativePath::parse_bytes(path) {
            Ok(parsed) => match self.layout.classify(&parsed) {
                Role::Ignored => self.skip(path, SkipReason::Ignored),
                role => self.walk.files.push(Found { path: parsed, role, size }),
            },
            Err(problem) => self.walk.problems.push(problem),
        }
    }

    fn skip(&mut self, path: &[u8], reason: SkipReason) {
        self.walk.skipped.push(Skipped { path: String::from_utf8_lossy(path).into_owned(), reason });
    }
}
