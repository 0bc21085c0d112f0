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
use forebay_store::connect::{Database, OpenOptions, Target};
use tracing::{info, warn};

use super::{
    super::{
        course::{CourseSettings, connect},
        disk::{self, on_disk},
        folder::{CourseFolder, FolderLock},
        keep::FolderChange,
        seen::Seen,
        shadow::log_differences,
        sync::{SyncOptions, SyncReport, sync_locked},
    },
    facts::{Fact, store},
    outcome::{Closed, PersistCounts, Persisted},
};
use crate::error::{Error, Result};

/// The wait before the only retry of a failed write to the database.
const BACKOFF: Duration = Duration::from_millis(200);
/// After a failure, how long the database is left alone, so that its outage costs a generator nothing.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// A database that failed, and is not contacted for a moment.
#[derive(Debug)]
struct LeftAlone {
    until: Instant,
    code: &'static str,
    cause: String,
}

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
    left_alone: Option<LeftAlone>,
    pub(super) counts: PersistCounts,
    /// What it may replace in the folder.
    seen: Seen,
    /// Whether the last write to the database failed.
    is_behind: bool,
    /// Facts that the database did not get yet. Unlike files, nothing else remembers them.
    remembered: Vec<Fact>,
    /// Names of facts that the database did not take.
    unstorable: Vec<String>,
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
            left_alone: None,
            counts: PersistCounts::default(),
            seen: Seen::new(mode != PersistMode::Off),
            is_behind: false,
            remembered: Vec::new(),
            unstorable: Vec::new(),
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

    /// Writes files, each as a whole, then the database in one transaction. Files that are equal already are not
    /// written. The others are copied to `.forebay/kept` first if their bytes are not stored. Error: a file could not
    /// be written; the ones before it are.
    pub async fn persist_files(&mut self, files: Vec<(RelativePath, Vec<u8>)>) -> Result<Persisted> {
        self.write_files(files).await?;
        Ok(self.persist_folder().await)
    }

    /// Writes the files that differ. Returns their number, and the copies of files whose bytes were not stored.
    pub(super) async fn write_files(
        &mut self,
        files: Vec<(RelativePath, Vec<u8>)>,
    ) -> Result<(u64, Vec<FolderChange>)> {
        let (folder, mut seen) = (Arc::clone(&self.folder), mem::take(&mut self.seen));
        let write = move || {
            let written = seen.write(&folder, &files);
            Ok((written, seen))
        };
        let (written, seen) = on_disk(write).await?;
        self.seen = seen;
        Ok(written?)
    }

    /// Writes to the database what the folder has and the database does not, then what earlier calls could not record.
    pub async fn persist_folder(&mut self) -> Persisted {
        self.persist_with([]).await
    }

    /// [`Self::persist_folder`] that also records facts.
    pub(super) async fn persist_with(&mut self, facts: impl IntoIterator<Item = Fact> + Send) -> Persisted {
        if self.mode == PersistMode::Off {
            return Persisted::Off;
        }
        for fact in facts {
            self.remember(fact);
        }
        let mut has_failed = false;
        let report = loop {
            // Boxed: the future of a sync is large.
            match Box::pin(self.sync_once()).await {
                Ok(report) => {
                    self.forget_measured(&report);
                    break report;
                }
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => return self.failed(&error),
            }
        };
        self.is_behind = false;
        let is_news = report.run.is_some() || !report.is_clean();
        let persisted = Persisted::Done(is_news.then(|| Box::new(report)));
        match self.record_remembered().await {
            Ok(unstorable) => {
                // The report about the files says which lessons are not stored.
                let is_news = |error: &Error| error.code() != "lesson_not_stored";
                persisted.and(self.answered(unstorable.into_iter().find(is_news)))
            }
            Err(error) => persisted.and(self.failed(&error)),
        }
    }

    /// What a persister would leave behind if it were closed now, without another attempt.
    pub fn status(&self) -> Closed {
        Closed { counts: self.counts, unstored: self.unstored() }
    }

    /// Closes the connections, after a last attempt to write what the database missed.
    pub async fn close(mut self) -> Result<Closed> {
        if self.is_behind || !self.remembered.is_empty() {
            self.contact_again();
            // A failure is logged and counted.
            let _ = self.persist_folder().await;
        }
        let unstored = self.unstored();
        let counts = self.disconnect().await?;
        Ok(Closed { counts, unstored })
    }

    /// Names of facts that only the database would have, and that it did not take so far.
    pub fn unstored(&self) -> Vec<String> {
        self.unstorable.iter().cloned().chain(self.remembered.iter().map(Fact::name)).collect()
    }

    /// Makes the next call contact the database even if it failed a moment ago.
    pub(in crate::content) fn contact_again(&mut self) {
        self.left_alone = None;
    }

    /// Closes the connections without another attempt.
    pub(in crate::content) async fn disconnect(mut self) -> Result<PersistCounts> {
        let unstored = self.unstored();
        if !unstored.is_empty() && self.mode == PersistMode::On {
            warn!(
                num_unstored = unstored.len(),
                "only the database would have these, and it did not take them: {}",
                unstored.join(", ")
            );
        }
        if let Some(database) = self.database.take() {
            database.close().await?;
        }
        info!(persisted = self.counts.num_persisted, failed = self.counts.num_failed, "closed the course");
        Ok(self.counts)
    }

    /// Records a fact, which says nothing about files.
    pub(super) async fn recorded(&mut self, fact: Fact) -> Persisted {
        if self.mode == PersistMode::Off {
            return Persisted::Off;
        }
        if self.is_behind {
            // It may be about a file that the database does not have yet.
            return self.persist_with([fact]).await;
        }
        self.remember(fact);
        match self.record_remembered().await {
            Ok(unstorable) => self.answered(unstorable.into_iter().next()),
            Err(error) => self.failed(&error),
        }
    }

    /// The result of a call that the database has answered. `error`: it does not take a fact.
    fn answered(&mut self, error: Option<Error>) -> Persisted {
        match error {
            None => {
                self.counts.num_persisted += 1;
                Persisted::Done(None)
            }
            Some(error) => {
                self.counts.num_failed += 1;
                Persisted::Failed { code: error.code(), message: error.to_string() }
            }
        }
    }

    fn remember(&mut self, mut fact: Fact) {
        let earlier = mem::take(&mut self.remembered);
        self.remembered = earlier.into_iter().filter_map(|earlier| fact.absorb(earlier)).collect();
        self.remembered.push(fact);
    }

    /// Records the facts that are remembered, which are forgotten once the database has answered about them. Returns
    /// why it does not take some.
    async fn record_remembered(&mut self) -> Result<Vec<Error>> {
        let mut has_failed = false;
        let unstorable = loop {
            match self.record_once().await {
                Ok(unstorable) => break unstorable,
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => return Err(error),
            }
        };
        self.remembered.clear();
        for (fact, error) in &unstorable {
            self.unstorable.push(fact.name());
            if self.mode == PersistMode::On {
                // A lesson may have changed since, or cannot be stored; the report about the files says which.
                warn!(code = error.code(), "not stored: {}: {error}", fact.name());
            }
        }
        Ok(unstorable.into_iter().map(|(_, error)| error).collect())
    }

    /// Returns the facts that the database does not take, and why.
    async fn record_once(&mut self) -> Result<Vec<(Fact, Error)>> {
        if self.remembered.is_empty() {
            return Ok(Vec::new());
        }
        let database = self.connect().await?;
        store(&database, &self.settings, &self.remembered).await
    }

    /// Whether to try again after a failure: once, if it may pass, and after a wait.
    ///
    /// Callers loop over this. A function that takes the attempt as an async closure would be shorter, but Rust cannot
    /// express that the futures of such a closure are `Send`, and then no caller could spawn the call.
    pub(super) async fn tries_again(&mut self, error: &Error, has_failed: &mut bool) -> bool {
        // Only errors of the database are temporary. One about the data of a row is an answer, and stays the same.
        let Error::Store(of_database) = error else { return false };
        if error.is_usage() || of_database.is_about_data() {
            return false;
        }
        if mem::replace(has_failed, true) {
            self.leave_alone(error);
            return false;
        }
        self.counts.num_retries += 1;
        tokio::time::sleep(BACKOFF).await;
        true
    }

    /// Forgets the measures that were stored with their files.
    fn forget_measured(&mut self, report: &SyncReport) {
        let Some(run) = report.run.as_ref().filter(|run| !run.measured.is_empty()) else { return };
        let is_stored =
            |fact: &Fact| matches!(fact, Fact::Lesson(lesson) if run.measured.contains(&lesson.path));
        self.remembered.retain(|fact| !is_stored(fact));
    }

    async fn sync_once(&mut self) -> Result<SyncReport> {
        let database = self.connect().await?;
        let measured = self.remembered.iter().filter_map(|fact| match fact {
            Fact::Lesson(lesson) => Some(lesson.clone()),
            _ => None,
        });
        let options = SyncOptions { measured: measured.collect(), ..SyncOptions::default() };
        let folder = Arc::clone(&self.folder);
        let report = sync_locked(&database, &self.settings, Arc::clone(&folder), &self.lock, options).await?;
        if self.mode == PersistMode::Shadow {
            self.counts.num_differences = log_differences(&database, &self.settings, folder).await?;
        }
        Ok(report)
    }

    /// The database, connected when it is first needed.
    pub(super) async fn connect(&mut self) -> Result<Database> {
        if let Some(LeftAlone { until, code, cause }) = &self.left_alone {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Err(Error::DatabaseLeftAlone { code, cause: cause.clone(), retry_after: left });
            }
            self.left_alone = None;
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
        let (code, cause) = (error.code(), error.to_string());
        self.left_alone = Some(LeftAlone { until: Instant::now() + LEFT_ALONE, code, cause });
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
