//! One writer for each course folder.

use std::{
    fs::{File, TryLockError},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{Mode, OFlags, openat};

use super::{
    super::error::{ContentError, Result},
    CourseFolder, OWN_FOLDER, folder_flags,
    write::create_folder,
};

/// How long to wait for another process. A watch locks the folder while it syncs, which takes seconds for a large
/// course; other commands wait instead of failing.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// The lock of a folder. The kernel releases it when its process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl CourseFolder {
    /// Locks the folder for writing; blocks for ten seconds at most. Error: `content_folder_locked` if another process
    /// has locked it for longer.
    pub fn lock(&self) -> Result<FolderLock> {
        let failed = |error: std::io::Error| ContentError::file("lock", &self.path().join(OWN_FOLDER), error);
        create_folder(&self.root, OWN_FOLDER).map_err(failed)?;
        let own = openat(&self.root, OWN_FOLDER, folder_flags(), Mode::empty())
            .map_err(|error| failed(error.into()))?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file =
            openat(&own, "lock", flags, Mode::from_raw_mode(0o666)).map_err(|error| failed(error.into()))?;
        let file = File::from(file);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(FolderLock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => {
                    return Err(ContentError::FolderLocked { path: self.path().to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
