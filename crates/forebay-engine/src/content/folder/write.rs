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

use forebay_domain::content::paths::RelativePath;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, unlinkat};

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
const BATCH: usize = 64;

/// A file whose new content is in a temporary file beside it.
struct Replacement<'a> {
    folder: OwnedFd,
    temporary: String,
    file: File,
    name: &'a str,
}

impl CourseFolder {
    /// Writes a file as a whole, and the folders that it needs. After an error the old file, if any, is still there.
    pub fn write(&self, path: &RelativePath, bytes: &[u8]) -> Result<()> {
        self.write_batch(&[(path, bytes)])
    }

    /// Writes files as [`Self::write`] does, unless they have these bytes. Returns the number of written files. A file that
    /// cannot be read is replaced. After an error, the files before the one that failed are written.
    pub(in crate::content) fn write_differing(&self, files: &[(&RelativePath, &[u8])]) -> Result<u64> {
        let differs = |(path, bytes): &(&RelativePath, &[u8])| {
            // A file of another size is not read to its end.
            let stored = self.read(path, bytes.len() as u64);
            !stored.is_ok_and(|stored| stored.as_deref() == Some(*bytes))
        };
        let differing: Vec<_> = files.iter().copied().filter(differs).collect();
        // The folder of a batch is flushed once.
        differing.chunks(BATCH).try_for_each(|batch| self.write_batch(batch))?;
        Ok(differing.len() as u64)
    }

    fn write_batch(&self, batch: &[(&RelativePath, &[u8])]) -> Result<()> {
        let failed =
            |path: &RelativePath, error| ContentError::file("write", &self.path().join(path.as_str()), error);
        let (mut replacements, mut outcome) = (Vec::with_capacity(batch.len()), Ok(()));
        for (path, bytes) in batch {
            match self.replacement(path, bytes) {
                Ok(replacement) => replacements.push((*path, replacement)),
                Err(error) => {
                    outcome = Err(failed(path, error));
                    break;
                }
            }
        }
        let mut folders = BTreeMap::new();
        for (path, replacement) in replacements {
            match replacement.finish() {
                Ok(folder) => {
                    folders.entry(path.folder()).or_insert((path, folder));
                }
                // The first error is the one to report.
                Err(error) => outcome = outcome.and(Err(failed(path, error))),
            }
        }
        // Without this, a crash of the machine may forget the renames.
        for (path, folder) in folders.into_values() {
            if let Err(error) = rustix::fs::fsync(&folder) {
                outcome = outcome.and(Err(failed(path, error.into())));
            }
        }
        outcome
    }

    /// Removes a file; one that is gone already is no error.
    pub(in crate::content) fn remove(&self, path: &RelativePath) -> Result<()> {
        let removed = || -> io::Result<()> {
            let Some((folder, name)) = self.parent(path, false)? else { return Ok(()) };
            match unlinkat(&folder, name, AtFlags::empty()) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(rustix::fs::fsync(&folder)?),
                Err(error) => Err(error.into()),
            }
        };
        removed().map_err(|error| ContentError::file("remove", &self.path().join(path.as_str()), error))
    }

    /// Writes the temporary file.
    fn replacement<'a>(&self, path: &'a RelativePath, bytes: &[u8]) -> io::Result<Replacement<'a>> {
        let Some((folder, name)) = self.parent(path, true)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let temporary = temporary_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&folder, temporary.as_str(), flags, Mode::from_raw_mode(0o644))?);
        let mut replacement = Replacement { folder, temporary, file, name };
        match replacement.file.write_all(bytes) {
            Ok(()) => Ok(replacement),
            Err(error) => Err(replacement.discard(error)),
        }
    }
}

impl Replacement<'_> {
    /// Flushes the new content and puts it in the place of the file. Returns the folder.
    fn finish(self) -> io::Result<OwnedFd> {
        let finished = self
            .file
            .sync_all()
            .and_then(|()| Ok(renameat(&self.folder, self.temporary.as_str(), &self.folder, self.name)?));
        match finished {
            Ok(()) => Ok(self.folder),
            Err(error) => Err(self.discard(error)),
        }
    }

    /// Deletes the temporary file. The error that made this necessary is the one to report.
    fn discard(&self, error: io::Error) -> io::Error {
        let _ = unlinkat(&self.folder, self.temporary.as_str(), AtFlags::empty());
        error
    }
}

/// Creates a folder and makes it durable.
pub(super) fn create_folder(parent: impl AsFd, name: &str) -> io::Result<()> {
    match mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
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
