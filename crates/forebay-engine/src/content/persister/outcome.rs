//! The result of a call, and the counts of all calls.

use forebay_domain::content::paths::RelativePath;

use super::{
    super::{keep::FolderChange, sync::SyncReport},
    placing::RefusedLesson,
};
use crate::error::Error;

/// How often the database was written, and how often that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersistCounts {
    /// Calls that reached the database.
    pub num_persisted: u64,
    /// Calls after which the database does not have what the folder has.
    pub num_failed: u64,
    /// Failed writes that were tried again.
    pub num_retries: u64,
    /// Differences between folder and database after the last write of [`PersistMode::Shadow`].
    ///
    /// [`PersistMode::Shadow`]: forebay_domain::content::PersistMode::Shadow
    pub num_differences: u64,
}

/// What a persister leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The counts of all calls.
    pub counts: PersistCounts,
    /// Names of facts that only the database would have, and that it did not take: measures, scores, status, approvals.
    pub unstored: Vec<String>,
}

/// The result of a call in the database.
#[derive(Debug)]
pub enum Persisted {
    /// Persistence is off.
    Off,
    /// The database was written, unless it had everything already. `None`: there is nothing to say about it.
    Done(Option<Box<SyncReport>>),
    /// The database could not be written; the folder is complete.
    Failed {
        /// The stable code.
        code: &'static str,
        /// Why.
        message: String,
    },
}

/// The result of a call that writes files.
#[derive(Debug)]
pub struct Written {
    /// The files of the documents and lessons in the call.
    pub paths: Vec<RelativePath>,
    /// Number of files that were written. Unchanged files are not written again.
    pub num_written: u64,
    /// Files that somebody else had changed. Their former bytes, which no sync has stored, are kept.
    pub kept: Vec<FolderChange>,
    /// Lessons that were not written because they have a mistake.
    pub refused: Vec<RefusedLesson>,
    /// The result in the database.
    pub persisted: Persisted,
}

/// The result of a call that reads the database.
#[derive(Debug)]
pub enum Fetched<T> {
    /// Persistence is off.
    Off,
    /// What was read.
    Done(T),
    /// The database could not be read.
    Failed {
        /// The stable code.
        code: &'static str,
        /// Why.
        message: String,
    },
}

impl<T> Fetched<T> {
    pub(super) fn failed(error: &Error) -> Self {
        Self::Failed { code: error.code(), message: error.to_string() }
    }
}
