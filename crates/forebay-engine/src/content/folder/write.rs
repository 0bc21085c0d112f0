//! Replacing files as a whole.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::atomic::{AtomicU64, Ordering},
};

use forebay_domain::content::paths::RelativePath;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, unlinkat};

use super::{
    super::error::{ContentError, Result},
    CourseFolder,
};

/// The prefix and suffix of temporary files. Every layout ignores such names.
pub(super) const TEMPORARY: (&str, &str) = (".forebay-", ".tmp");

impl CourseFolder {
    /// Writes a file as a whole, and the folders that it needs. After an error the old file, if any, is still there.
    pub fn write(&self, path: &RelativePath, bytes: &[u8]) -> Result<()> {
        self.replace(path, bytes)
            .map_err(|error| ContentError::file("write", &self.path().join(path.as_str()), error))
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

/// A name that no other writer uses: unique in this process, and processes differ by their id.
fn temporary_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (prefix, suffix) = TEMPORARY;
    format!("{prefix}{}-{}{suffix}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}
