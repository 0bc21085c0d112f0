//! The folder of a course on disk.
//!
//! Generators choose file names from text that a model wrote, and folders come from repositories of strangers. Every
//! access walks from the open folder, part by part, and follows no symbolic link, so nothing outside of the folder is
//! read or written, whatever the folder contains and however it changes meanwhile.
//!
//! A file is replaced as a whole: written to a temporary file, flushed, renamed, and the folder flushed. A reader, or a
//! process that continues after a crash, sees the old or the new file and nothing in between.

mod copy;
mod lock;
mod walk;
mod write;

use std::{
    fs::File,
    io::{self, Read},
    mem,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use forebay_domain::content::paths::RelativePath;
use rustix::fs::{Mode, OFlags, openat};

pub(super) use copy::kept_path;
pub use lock::FolderLock;
pub(super) use walk::{Found, Walk};
pub use walk::{SkipReason, Skipped};
pub(super) use write::{BATCH, Expected, is_temporary};

use super::{
    error::{ContentError, Result},
    fronts::Fronts,
};

/// The folder, inside of the course folder, for what Forebay remembers about it. It is hidden, so no layout stores it.
pub(super) const OWN_FOLDER: &str = ".forebay";

/// An open course folder.
#[derive(Debug)]
pub struct CourseFolder {
    root: OwnedFd,
    path: PathBuf,
    /// What its files said at the last look.
    fronts: Mutex<Fronts>,
}

impl CourseFolder {
    /// Opens a folder. Error: `content_folder_missing`.
    pub fn open(path: &Path) -> Result<Self> {
        let root =
            rustix::fs::open(path, folder_flags() & !OFlags::NOFOLLOW, Mode::empty()).map_err(|error| {
                match error {
                    rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => {
                        ContentError::FolderMissing { path: path.to_owned() }
                    }
                    error => ContentError::file("open", path, error.into()),
                }
            })?;
        Ok(Self { root, path: path.to_owned(), fronts: Mutex::default() })
    }

    /// Opens a folder, and creates it if it is missing. Its parent must exist: a mistyped path makes no folder. Error:
    /// `content_folder_missing`.
    pub fn create_in_parent(path: &Path) -> Result<Self> {
        match std::fs::create_dir(path) {
            Ok(()) => Self::open(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = path.parent().unwrap_or(path).to_owned();
                Err(ContentError::FolderMissing { path })
            }
            Err(error) => Err(ContentError::file("create", path, error)),
        }
    }

    /// Opens a folder, and creates it and its parents if they are missing.
    pub fn create(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(|error| ContentError::file("create", path, error))?;
        Self::open(path)
    }

    /// Its path, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the files said at the last look.
    pub(super) fn take_fronts(&self) -> Fronts {
        mem::take(&mut *self.fronts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what the files say for the next look.
    pub(super) fn keep_fronts(&self, fronts: Fronts) {
        *self.fronts.lock().unwrap_or_else(PoisonError::into_inner) = fronts;
    }

    /// Reads a file of at most `max_bytes`. `None`: there is no such file.
    pub fn read(&self, path: &RelativePath, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        let failed = |error: io::Error| ContentError::file("read", &self.path.join(path.as_str()), error);
        let Some(file) = self.open_file(path).map_err(failed)? else { return Ok(None) };
        let size = file.metadata().map_err(failed)?.len();
        if size > max_bytes {
            return Err(ContentError::TooLarge { path: path.to_string(), size, max_bytes });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        // One byte more than allowed: the file may grow while it is read.
        file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > max_bytes {
            return Err(ContentError::TooLarge {
                path: path.to_string(),
                size: bytes.len() as u64,
                max_bytes,
            });
        }
        Ok(Some(bytes))
    }

    /// The SHA-256 and the size of a file of any size. `None`: there is no such file.
    pub(super) fn hash(&self, path: &RelativePath) -> Result<Option<([u8; 32], u64)>> {
        let failed = |error: io::Error| ContentError::file("read", &self.path.join(path.as_str()), error);
        let Some(mut file) = self.open_file(path).map_err(failed)? else { return Ok(None) };
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let mut buffer = vec![0; 64 << 10];
        let mut size = 0;
        loop {
            let count = file.read(&mut buffer).map_err(failed)?;
            if count == 0 {
                break;
            }
            context.update(&buffer[..count]);
            size += count as u64;
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Ok(Some((hash, size)))
    }

    /// Opens a regular file. `None`: there is none.
    fn open_file(&self, path: &RelativePath) -> io::Result<Option<File>> {
        let Some((folder, name)) = self.parent(path, false)? else { return Ok(None) };
        // Without blocking: a pipe in the place of a file would never answer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&folder, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok(Some(file))
    }

    /// The folder that contains a path, and the name in it. `None`: the folder is missing and `is_created` is false.
    fn parent<'a>(&self, path: &'a RelativePath, is_created: bool) -> io::Result<Option<(OwnedFd, &'a str)>> {
        let (parents, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
        let mut folder = openat(&self.root, ".", folder_flags(), Mode::empty())?;
        for part in parents.split('/').filter(|part| !part.is_empty()) {
            let opened = match openat(&folder, part, folder_flags(), Mode::empty()) {
                Err(rustix::io::Errno::NOENT) if is_created => {
                    write::create_folder(&folder, part)?;
                    openat(&folder, part, folder_flags(), Mode::empty())?
                }
                Err(rustix::io::Errno::NOENT) => return Ok(None),
                opened => opened?,
            };
            folder = opened;
        }
        Ok(Some((folder, name)))
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}
