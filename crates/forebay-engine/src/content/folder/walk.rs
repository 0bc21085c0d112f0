//! Lists the files of a course folder.

use std::{io, os::fd::OwnedFd};

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
    /// Files whose path cannot be stored.
    pub(in crate::content) problems: Vec<Problem>,
    /// Temporary files of writers that are gone, unless one of them writes just now.
    pub(in crate::content) leftovers: Vec<RelativePath>,
}

impl CourseFolder {
    /// Lists the files with the roles that a layout gives them.
    pub(in crate::content) fn walk(&self, layout: &Layout) -> Result<Walk> {
        let failed = |error: io::Error| ContentError::file("list", self.path(), error);
        let mut walk = Walk::default();
        let root =
            openat(&self.root, ".", folder_flags(), Mode::empty()).map_err(|error| failed(error.into()))?;
        walk.folder(&root, "", 0, layout).map_err(failed)?;
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
        let Ok(own) = openat(&self.root, OWN_FOLDER, folder_flags(), Mode::empty()) else { return };
        let Ok(entries) = Dir::read_from(&own) else { return };
        for entry in entries.filter_map(std::result::Result::ok) {
            let name = entry.file_name();
            if is_temporary(name.to_bytes()) && !is_own_temporary(name.to_bytes()) {
                let _ = unlinkat(&own, name, AtFlags::empty());
            }
        }
    }
}

impl Walk {
    fn folder(&mut self, folder: &OwnedFd, prefix: &str, depth: usize, layout: &Layout) -> io::Result<()> {
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
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
                Err(error) => return Err(error.into()),
            };
            let reason = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    self.subfolder(folder, &entry, &path, depth, layout)?;
                    continue;
                }
                FileType::RegularFile => None,
                FileType::Symlink => Some(SkipReason::Symlink),
                _ => Some(SkipReason::Special),
            };
            if is_temporary(name) {
                if !is_own_temporary(name) {
                    self.leftovers.extend(RelativePath::parse_bytes(&path).ok());
                }
                continue;
            }
            if let Some(reason) = reason {
                self.skip(&path, reason);
                continue;
            }
            self.file(&path, u64::try_from(stat.st_size).unwrap_or(0), layout);
        }
        Ok(())
    }

    fn subfolder(
        &mut self,
        folder: &OwnedFd,
        entry: &rustix::fs::DirEntry,
        path: &[u8],
        depth: usize,
        layout: &Layout,
    ) -> io::Result<()> {
        let inside = match RelativePath::parse_bytes(path) {
            Ok(path) => path,
            Err(problem) => {
                self.problems.push(problem);
                return Ok(());
            }
        };
        // A pattern such as `book/**` ignores everything in a folder, so no file of it needs to be looked at.
        let probe = RelativePath::parse(&format!("{inside}/file"));
        let is_ignored = probe.is_ok_and(|probe| layout.classify(&probe) == Role::Ignored);
        if is_ignored || depth >= MAX_DEPTH {
            self.skip(path, SkipReason::Ignored);
            return Ok(());
        }
        let opened = match openat(folder, entry.file_name(), folder_flags(), Mode::empty()) {
            Ok(opened) => opened,
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.folder(&opened, &format!("{inside}/"), depth + 1, layout)
    }

    fn file(&mut self, path: &[u8], size: u64, layout: &Layout) {
        match RelativePath::parse_bytes(path) {
            Ok(parsed) => match layout.classify(&parsed) {
                Role::Ignored => self.skip(path, SkipReason::Ignored),
                role => self.files.push(Found { path: parsed, role, size }),
            },
            Err(problem) => self.problems.push(problem),
        }
    }

    fn skip(&mut self, path: &[u8], reason: SkipReason) {
        self.skipped.push(Skipped { path: String::from_utf8_lossy(path).into_owned(), reason });
    }
}
