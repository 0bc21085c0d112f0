//! Replacing files as a whole.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
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

impl CourseFolder {
    /// Writes a file as a whole, and the folders that it needs. After an error the old file, if any, is still there.
    pub fn write(&self, path: &RelativePath, bytes: &[u8]) -> Result<()> {
        self.replace(path, bytes)
            .map_err(|error| ContentError::file("write", &self.path().join(path.as_str()), error))
    }

    /// Writes a file as [`Self::write`] does, unless it has these bytes. Returns whether it was written. A file that cannot
    /// be read is replaced.
    pub(in crate::content) fn write_unless_equal(&self, path: &RelativePath, bytes: &[u8]) -> Result<bool> {
        // A file of another size is not read to its end.
        let stored = self.read(path, bytes.len() as u64);
        let is_equal = stored.is_ok_and(|stored| stored.as_deref() == Some(bytes));
        if !is_equal {
            self.write(path, bytes)?;
        }
        Ok(!is_equal)
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

    fn replace(&self, path: &RelativePath, bytes: &[u8]) -> io::Result<()> {
        let Some((folder, name)) = self.parent(path, true)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let temporary = temporary_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder, temporary.as_str(), flags, Mode::from_raw_mode(0o644))?);
        let written = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| Ok(renameat(&folder, temporary.as_str(), &folder, name)?));
        if let Err(error) = written {
            // The error that made the write fail is the one to report.
            let _ = unlinkat(&folder, temporary.as_str(), AtFlags::empty());
            return Err(error);
        }
        // Without this, a crash of the machine may forget the rename.
        Ok(rustix::fs::fsync(&folder)?)
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
