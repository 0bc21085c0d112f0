//! Opens a course for writing, and writes its files and the database.
//!
//! When changing this: an error of the database must not end a call, and an error of a file must end it before the
//! database hears of it.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::content::{PersistMode, paths::RelativePath};
use forebay_store::{
    connect::{Database, OpenOptions, Target},
    content::MeasuredLesson,
};
use tracing::{info, warn};

use super::{
    super::{
        course::{CourseSettings, connect},
        disk::{self, on_disk},
        folder::{CourseFolder, FolderLock},
        shadow::log_differences,
        sync::{SyncOptions, SyncReport, sync_locked},
    },
    facts::Fact,
    outcome::{PersistCounts, Persisted},
};
use crate::error::{Error, Result};

/// The wait before the only retry of a failed write to the database.
const BACKOFF: Duration = Duration::from_millis(200);
/// After a failure, how long the database is left alone, so that its outage costs a generator nothing.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// Writes a course to its folder and to the database.
///
/// One process at a time writes a course: the folder is locked as long as this value exists.
#[derive(Debug)]
pub struct CoursePersister {
    pub(super) settings: CourseSettings,
    pub(super) folder: Arc<CourseFolder>,
    pub(super) mode: PersistMode,
    target: Target,
    options: OpenOptions,
    database: Option<Database>,
    left_alone_until: Option<Instant>,
    pub(super) counts: PersistCounts,
    /// Whether the last write to the database failed.
    is_behind: bool,
    /// Measures of lessons that the database did not get yet. Unlike files, nothing else remembers them.
    pub(super) unstored_measures: Vec<MeasuredLesson>,
    lock: FolderLock,
}

impl CoursePersister {
    /// Opens a course for writing. With [`PersistMode::Off`], no connection is opened.
    ///
    /// A database that cannot be reached is tried again by later calls. Errors: the folder's, and a schema that this
    /// program cannot use.
    pub async fn open(
        settings: CourseSettings,
        folder: Arc<CourseFolder>,
        mode: PersistMode,
        target: Target,
    ) -> Result<Self> {
        Self::open_with(settings, folder, mode, target, OpenOptions::default()).await
    }

    /// [`Self::open`] with a pool of another size.
    pub async fn open_with(
        settings: CourseSettings,
        folder: Arc<CourseFolder>,
        mode: PersistMode,
        target: Target,
        options: OpenOptions,
    ) -> Result<Self> {
        let lock = disk::lock(&folder).await?;
        Self::open_locked(settings, folder, lock, mode, target, options).await
    }

    /// [`Self::open_with`] for a caller that has locked the folder.
    pub(in crate::content) async fn open_locked(
        settings: CourseSettings,
        folder: Arc<CourseFolder>,
        lock: FolderLock,
        mode: PersistMode,
        target: Target,
        options: OpenOptions,
    ) -> Result<Self> {
        let mut persister = Self {
            settings,
            folder,
            mode,
            target,
            options,
            database: None,
            left_alone_until: None,
            counts: PersistCounts::default(),
            is_behind: false,
            unstored_measures: Vec::new(),
            lock,
        };
        if mode != PersistMode::Off
            && let Err(error) = persister.connect().await
        {
            if error.is_usage() || error.is_about_schema() {
                return Err(error);
            }
            persister.leave_alone(&error);
        }
        Ok(persister)
    }

    /// The counts so far.
    pub fn counts(&self) -> PersistCounts {
        self.counts
    }

    /// The folder.
    pub fn folder(&self) -> &Arc<CourseFolder> {
        &self.folder
    }

    /// Writes files, each as a whole, then the database in one transaction. Files that are equal already are not written.
    /// Error: a file could not be written; the ones before it are.
    pub async fn persist_files(&mut self, files: Vec<(RelativePath, Vec<u8>)>) -> Result<Persisted> {
        self.write_files(files).await?;
        Ok(self.persist_folder().await)
    }

    /// Writes the files that differ. Returns their number.
    pub(super) async fn write_files(&mut self, files: Vec<(RelativePath, Vec<u8>)>) -> Result<u64> {
        let folder = Arc::clone(&self.folder);
        on_disk(move || {
            let files: Vec<_> = files.iter().map(|(path, bytes)| (path, bytes.as_slice())).collect();
            folder.write_differing(&files)
        })
        .await
    }

    /// Writes to the database what the folder has and the database does not.
    pub async fn persist_folder(&mut self) -> Persisted {
        if self.mode == PersistMode::Off {
            return Persisted::Off;
        }
        let mut has_failed = false;
        loop {
            // Boxed: the future of a sync is large.
            match Box::pin(self.sync_once()).await {
                Ok(report) => {
                    self.counts.num_persisted += 1;
                    self.is_behind = false;
                    let is_news = report.run.is_some() || !report.is_clean();
                    return Persisted::Done(is_news.then(|| Box::new(report)));
                }
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => return self.failed(&error),
            }
        }
    }

    /// Closes the connections, after a last attempt to write what the database missed.
    pub async fn close(mut self) -> Result<PersistCounts> {
        if self.is_behind || !self.unstored_measures.is_empty() {
            self.contact_again();
            let persisted = self.persist_folder().await;
            // A failure is logged and counted.
            let _ = self.persist_measures(persisted, Vec::new()).await;
        }
        self.disconnect().await
    }

    /// Makes the next call contact the database even if it failed a moment ago.
    pub(in crate::content) fn contact_again(&mut self) {
        self.left_alone_until = None;
    }

    /// Closes the connections without another attempt.
    pub(in crate::content) async fn disconnect(mut self) -> Result<PersistCounts> {
        if let Some(database) = self.database.take() {
            database.close().await?;
        }
        info!(persisted = self.counts.num_persisted, failed = self.counts.num_failed, "closed the course");
        Ok(self.counts)
    }

    /// Writes a fact, which says nothing about files.
    pub(super) async fn recorded(&mut self, fact: Fact<'_>) -> Persisted {
        if self.mode == PersistMode::Off {
            return Persisted::Off;
        }
        let mut has_failed = false;
        loop {
            match self.record_once(&fact).await {
                Ok(()) => {
                    self.counts.num_persisted += 1;
                    return Persisted::Done(None);
                }
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => return self.failed(&error),
            }
        }
    }

    async fn record_once(&mut self, fact: &Fact<'_>) -> Result<()> {
        let database = self.connect().await?;
        fact.store(&database, &self.settings).await
    }

    /// Whether to try again after a failure: once, if it may pass, and after a wait.
    ///
    /// Callers loop over this. A function that takes the attempt as an async closure would be shorter, but Rust cannot
    /// express that the futures of such a closure are `Send`, and then no caller could spawn the call.
    pub(super) async fn tries_again(&mut self, error: &Error, has_failed: &mut bool) -> bool {
        if mem::replace(has_failed, true) {
            self.leave_alone(error);
            return false;
        }
        // Only errors of the database are temporary.
        if !matches!(error, Error::Store(_)) || error.is_usage() {
            return false;
        }
        self.counts.num_retries += 1;
        tokio::time::sleep(BACKOFF).await;
        true
    }

    async fn sync_once(&mut self) -> Result<SyncReport> {
        let database = self.connect().await?;
        let folder = Arc::clone(&self.folder);
        let report =
            sync_locked(&database, &self.settings, Arc::clone(&folder), &self.lock, SyncOptions::default())
                .await?;
        if self.mode == PersistMode::Shadow {
            self.counts.num_differences = log_differences(&database, &self.settings, folder).await?;
        }
        Ok(report)
    }

    /// The database, connected when it is first needed.
    pub(super) async fn connect(&mut self) -> Result<Database> {
        if let Some(until) = self.left_alone_until {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Err(Error::DatabaseLeftAlone { retry_after: left });
            }
            self.left_alone_until = None;
        }
        if let Some(database) = &self.database {
            return Ok(database.clone());
        }
        let database = connect(self.target.clone(), self.options.clone(), &self.settings).await?;
        self.database = Some(database.clone());
        Ok(database)
    }

    fn leave_alone(&mut self, error: &Error) {
        info!(
            code = error.code(),
            seconds = LEFT_ALONE.as_secs(),
            "the database is left alone; files are written"
        );
        self.left_alone_until = Some(Instant::now() + LEFT_ALONE);
    }

    pub(super) fn failed(&mut self, error: &Error) -> Persisted {
        self.counts.num_failed += 1;
        self.is_behind = true;
        if self.mode == PersistMode::On {
            warn!(code = error.code(), %error, "the course is in its folder, but not in the database");
        }
        Persisted::Failed { code: error.code(), message: error.to_string() }
    }
}
