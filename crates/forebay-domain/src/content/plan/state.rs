//! What a plan compares: the files of each side.

use crate::content::paths::RelativePath;

/// A file on one side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileState {
    /// Its path.
    pub path: RelativePath,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// SHA-256 of its bytes with every line ending as LF. It only labels changes; it never makes files equal.
    pub hash_ignoring_line_endings: [u8; 32],
    /// Its size in bytes.
    pub size: u64,
    /// The id in its front matter.
    pub lesson_id: Option<String>,
}

impl FileState {
    /// Whether path and bytes are the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.path == other.path && self.hash == other.hash
    }

    /// Whether the bytes differ in line endings only.
    pub fn differs_in_line_endings_only(&self, other: &Self) -> bool {
        self.hash != other.hash && self.hash_ignoring_line_endings == other.hash_ignoring_line_endings
    }
}

/// The three sides of a plan. The order of files does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The files in the folder; None: the folder does not exist.
    pub folder: Option<&'a [FileState]>,
    /// The files after the last sync; empty before the first one.
    pub base: &'a [FileState],
    /// The files in the database.
    pub database: &'a [FileState],
}
