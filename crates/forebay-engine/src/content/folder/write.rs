//! Replacing files as a whole.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, OwnedFd},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use forebay_domain::content::{file_text::hash, paths::RelativePath};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};

use super::{
    super::error::{ContentError, Result},
    CourseFolder,
};
use crate::clock::random_seed;

/// The prefix and suffix of temporary files. Every layout ignores such names.
const TEMPORARY: (&str, &str) = (".forebay-", ".tmp");

/// This process, in the names of its temporary files.
static WRITER: LazyLock<String> = LazyLock::new(|| format!("{:016x}", random_seed()));

/// How many files are written at the same time, so how many are open.
pub(in crate::content) const BATCH: usize = 64;

/// What a file must be until the moment before it is replaced.
#[derive(Clone, Copy, Debug)]
pub(in crate::content) enum Expected {
    /// Whatever it is.
    Anything,
    /// A file with this hash; `None`: there is no file.
    Hash(Option<[u8; 32]>),
}

/// A file whose new content is in a temporary file beside it.
pub(super) struct Replacement<'a> {
    pub(super) folder: OwnedFd,
    temporary: String,
    pub(super) file: File,
    name: &'a str,
}

impl CourseFolder {
    /// Writes a file as a whole, and the folders that it needs. After an error the old file, if any, is still there.
    pub fn write(&self, path: &RelativePath, bytes: &[u8]) -> Result<()> {
        self.write_batch(&[(path, bytes, Expected::Anything)]).map(drop)
    }

    /// Writes a file as a whole, but doesn't wait for the disk: a crash of the machine may lose it.
    pub(in crate::content) fn write_unflushed(&self, path: &RelativePath, bytes: &[u8]) -> Result<()> {
        let put = || self.replacement(path, bytes)?.put();
        put().map(drop).map_err(|error| ContentError::file("write", &self.path().join(path.as_str()), error))
    }

    /// Removes a file, if there is one. Like [`Self::write_unflushed`], it doesn't wait for the disk.
    pub(in crate::content) fn remove_unflushed(&self, path: &RelativePath) -> Result<()> {
        let remove = || -> io::Result<()> {
            let Some((folder, name)) = self.parent(path, false)? else { return Ok(()) };
            match unlinkat(&folder, name, AtFlags::empty()) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            }
        };
        remove().map_err(|error| ContentError::file("remove", &self.path().join(path.as_str()), error))
    }

    /// Writes files as [`Self::write`] does, unless they have these bytes. Returns the number of written files. A file
    /// that cannot be read is replaced. After an error, the files before the one that failed are written.
    pub(in crate::content) fn write_differing(&self, files: &[(&RelativePath, &[u8])]) -> Result<u64> {
        let differs = |(path, bytes): &(&RelativePath, &[u8])| {
            // A file of another size is not read to its end.
            let stored = self.read(path, bytes.len() as u64);
            !stored.is_ok_and(|stored| stored.as_deref() == Some(*bytes))
        };
        let differing = files.iter().copied().filter(differs);
        let differing: Vec<_> = differing.map(|(path, bytes)| (path, bytes, Expected::Anything)).collect();
        // The folder of a batch is flushed once.
        differing.chunks(BATCH).try_for_each(|batch| self.write_batch(batch).map(drop))?;
        Ok(differing.len() as u64)
    }

    /// Writes a file as [`Self::write`] does, unless it changed: until the moment before it is replaced, its hash must
    /// be the expected one, where `None` means that there is no file. Returns whether it was written, or has these
    /// bytes.
    pub(in crate::content) fn write_expecting(
        &self,
        path: &RelativePath,
        bytes: &[u8],
        expected: Option<[u8; 32]>,
    ) -> Result<bool> {
        if expected == Some(hash(bytes)) {
            return self.is_as_expected(path, expected);
        }
        let failed = |error| ContentError::file("write", &self.path().join(path.as_str()), error);
        let replacement = self.replacement(path, bytes).map_err(failed)?;
        // Flushing takes long, so it comes before the comparison.
        replacement.flush().map_err(failed)?;
        match self.is_as_expected(path, expected) {
            Ok(true) => {}
            Ok(false) => {
                replacement.drop_temporary();
                return Ok(false);
            }
            Err(error) => {
                replacement.drop_temporary();
                return Err(error);
            }
        }
        let folder = replacement.put().map_err(failed)?;
        rustix::fs::fsync(&folder).map_err(|error| failed(error.into()))?;
        Ok(true)
    }

    /// Removes a file if its hash is the expected one. Returns whether it is gone.
    pub(in crate::content) fn remove_expecting(
        &self,
        path: &RelativePath,
        expected: [u8; 32],
    ) -> Result<bool> {
        let remove = || -> io::Result<()> {
            let Some((folder, name)) = self.parent(path, false)? else { return Ok(()) };
            match unlinkat(&folder, name, AtFlags::empty()) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(rustix::fs::fsync(&folder)?),
                Err(error) => Err(error.into()),
            }
        };
        match self.hash(path)? {
            None => Ok(true),
            Some((found, _)) if found != expected => Ok(false),
            Some(_) => {
                remove()
                    .map_err(|error| ContentError::file("remove", &self.path().join(path.as_str()), error))?;
                Ok(true)
            }
        }
    }

    fn is_expected(&self, path: &RelativePath, expected: Expected) -> Result<bool> {
        match expected {
            Expected::Anything => Ok(true),
            Expected::Hash(hash) => self.is_as_expected(path, hash),
        }
    }

    fn is_as_expected(&self, path: &RelativePath, expected: Option<[u8; 32]>) -> Result<bool> {
        Ok(self.hash(path)?.map(|(found, _)| found) == expected)
    }

    /// Writes files as [`Self::write`] does, if they are as expected. Returns the positions of those that are not.
    pub(in crate::content) fn write_batch(
        &self,
        batch: &[(&RelativePath, &[u8], Expected)],
    ) -> Result<Vec<usize>> {
        let failed =
            |path: &RelativePath, error| ContentError::file("write", &self.path().join(path.as_str()), error);
        let (mut replacements, mut outcome) = (Vec::with_capacity(batch.len()), Ok(()));
        for (path, bytes, expected) in batch {
            match self.replacement(path, bytes) {
                Ok(replacement) => replacements.push((*path, *expected, replacement)),
                Err(error) => {
                    outcome = Err(failed(path, error));
                    break;
                }
            }
        }
        let (mut folders, mut changed) = (BTreeMap::new(), Vec::new());
        for (at, (path, expected, replacement)) in replacements.into_iter().enumerate() {
            let finished = match replacement.flush() {
                Ok(()) => match self.is_expected(path, expected) {
                    Ok(true) => replacement.put().map_err(|error| failed(path, error)),
                    unexpected => {
                        replacement.drop_temporary();
                        changed.extend(unexpected.is_ok().then_some(at));
                        outcome = outcome.and(unexpected.map(drop));
                        continue;
                    }
                },
                Err(error) => Err(failed(path, error)),
            };
            match finished {
                Ok(folder) => {
                    folders.entry(path.folder()).or_insert((path, folder));
                }
                // The first error is the one to report.
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        // Without this, a crash of the machine may forget the renames.
        for (path, folder) in folders.into_values() {
            if let Err(error) = rustix::fs::fsync(&folder) {
                outcome = outcome.and(Err(failed(path, error.into())));
            }
        }
        outcome.map(|()| changed)
    }

    /// Writes the temporary file.
    fn replacement<'a>(&self, path: &'a RelativePath, bytes: &[u8]) -> io::Result<Replacement<'a>> {
        let mut replacement = self.empty_replacement(path)?;
        match replacement.file.write_all(bytes) {
            Ok(()) => Ok(replacement),
            Err(error) => Err(replacement.discard(error)),
        }
    }

    /// Creates the temporary file, with the permissions of the file that it replaces.
    pub(super) fn empty_replacement<'a>(&self, path: &'a RelativePath) -> io::Result<Replacement<'a>> {
        let Some((folder, name)) = self.parent(path, true)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let replaced = match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_file() => {
                Some(Mode::from_raw_mode(stat.st_mode & 0o777))
            }
            Ok(_) | Err(rustix::io::Errno::NOENT) => None,
            Err(error) => return Err(error.into()),
        };
        let temporary = temporary_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // The umask applies to a new file.
        let mode = replaced.unwrap_or(Mode::from_raw_mode(0o666));
        let file = File::from(openat(&folder, temporary.as_str(), flags, mode)?);
        let replacement = Replacement { folder, temporary, file, name };
        match replaced.map(|mode| rustix::fs::fchmod(&replacement.file, mode)) {
            Some(Err(error)) => Err(replacement.discard(error.into())),
            None | Some(Ok(())) => Ok(replacement),
        }
    }
}

impl Replacement<'_> {
    /// Flushes the new content and puts it in the place of the file. Returns the folder.
    pub(super) fn finish(self) -> io::Result<OwnedFd> {
        self.flush()?;
        self.put()
    }

    /// Flushes the new content.
    fn flush(&self) -> io::Result<()> {
        self.file.sync_all().map_err(|error| self.discard(error))
    }

    /// Puts the new content in the place of the file. Returns the folder.
    fn put(self) -> io::Result<OwnedFd> {
        match renameat(&self.folder, self.temporary.as_str(), &self.folder, self.name) {
            Ok(()) => Ok(self.folder),
            Err(error) => Err(self.discard(error.into())),
        }
    }

    /// Deletes the temporary file. The error that made this necessary is the one to report.
    pub(super) fn discard(&self, error: io::Error) -> io::Error {
        self.drop_temporary();
        error
    }

    /// Deletes the temporary file.
    pub(super) fn drop_temporary(&self) {
        // A leftover does no harm, and the next sync removes it.
        let _ = unlinkat(&self.folder, self.temporary.as_str(), AtFlags::empty());
    }
}

/// Creates a folder and makes it durable.
pub(super) fn create_folder(parent: impl AsFd, name: &str) -> io::Result<()> {
    match mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
        // Another process was faster.
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(rustix::fs::fsync(&parent)?),
        Err(error) => Err(error.into()),
    }
}

/// A name that no other writer uses. A process id is no help: the main process of every container has the same one.
fn temporary_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (prefix, suffix) = TEMPORARY;
    format!("{prefix}{}-{}{suffix}", *WRITER, NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Whether a file name is that of a temporary file.
pub(in crate::content) fn is_temporary(name: &[u8]) -> bool {
    name.starts_with(TEMPORARY.0.as_bytes()) && name.ends_with(TEMPORARY.1.as_bytes())
}

/// Whether this process writes, or has written, the temporary file with this name.
pub(super) fn is_own_temporary(name: &[u8]) -> bool {
    name.strip_prefix(TEMPORARY.0.as_bytes())
        .and_then(|rest| rest.strip_prefix(WRITER.as_bytes()))
        .is_some_and(|rest| rest.starts_with(b"-"))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    use super::*;

    fn folder() -> (tempfile::TempDir, CourseFolder, RelativePath) {
        let directory = tempfile::TempDir::new().unwrap();
        let folder = CourseFolder::open(directory.path()).unwrap();
        (directory, folder, RelativePath::parse("lessons/a.md").unwrap())
    }

    #[test]
    fn a_file_that_changed_is_neither_replaced_nor_removed() {
        let (directory, folder, path) = folder();
        let file = directory.path().join("lessons/a.md");
        assert!(folder.write_expecting(&path, b"1", None).unwrap());
        assert!(!folder.write_expecting(&path, b"2", None).unwrap(), "somebody wrote a new file");
        assert!(!folder.write_expecting(&path, b"2", Some(hash(b"0"))).unwrap());
        assert!(!folder.remove_expecting(&path, hash(b"0")).unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"1");
        assert!(folder.write_expecting(&path, b"2", Some(hash(b"1"))).unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"2");
        assert!(folder.remove_expecting(&path, hash(b"2")).unwrap());
        assert!(folder.remove_expecting(&path, hash(b"2")).unwrap(), "it is gone already");
        assert!(!folder.write_expecting(&path, b"3", Some(hash(b"2"))).unwrap(), "somebody removed it");
        assert_eq!(fs::read_dir(directory.path().join("lessons")).unwrap().count(), 0);
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        let (directory, folder, path) = folder();
        folder.write(&path, b"1").unwrap();
        let mode =
            |name: &str| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777;
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let umask = status.lines().find_map(|line| line.strip_prefix("Umask:")).unwrap();
        let umask = u32::from_str_radix(umask.trim(), 8).unwrap();
        assert_eq!((mode("lessons/a.md"), mode("lessons")), (0o666 & !umask, 0o777 & !umask));
        for kept in [0o600, 0o640, 0o664, 0o755] {
            fs::set_permissions(directory.path().join("lessons/a.md"), Permissions::from_mode(kept)).unwrap();
            folder.write(&path, format!("{kept}").as_bytes()).unwrap();
            assert_eq!(mode("lessons/a.md"), kept);
        }
    }
}
