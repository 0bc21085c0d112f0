//! One look at a watched folder: what has changed, and whether it is settled.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::content::PersistMode;
use forebay_store::connect::{Database, Target};
use tokio::time::sleep;

use super::{
    super::{
        course::{CourseSettings, connect},
        disk,
        folder::CourseFolder,
        rows::RowCheck,
        shadow::log_differences,
        snapshot::Snapshot,
        sync::{SyncOptions, SyncReport, sync_settled},
    },
    options::WatchOptions,
};
use crate::error::Result;

/// A file is settled if it has the same bytes at two times this far apart.
const APART: Duration = Duration::from_millis(100);

/// Looks at a folder, again and again.
pub(super) struct Look {
    settings: CourseSettings,
    path: PathBuf,
    target: Target,
    options: WatchOptions,
    database: Option<Database>,
    /// The folder when it was last equal to the database, and when that was.
    known: Option<(Snapshot, Instant)>,
}

/// The result of a look.
#[derive(Debug)]
pub(super) enum Looked {
    /// The folder is as it was, and it is not time to compare it with the database.
    Unchanged,
    /// It was compared with the database.
    Synced {
        report: Box<SyncReport>,
        /// Files that were left out because they are being written.
        num_unsettled: usize,
    },
}

impl Look {
    pub(super) fn new(
        settings: CourseSettings,
        path: PathBuf,
        target: Target,
        options: WatchOptions,
    ) -> Self {
        Self { settings, path, target, options, database: None, known: None }
    }

    /// Looks at the folder, and syncs what is settled.
    pub(super) async fn look(&mut self) -> Result<Looked> {
        // Opened anew each time: the path may lead to another folder, and an open one could not be unmounted.
        let folder = Arc::new(CourseFolder::open(&self.path)?);
        if self.options.mode == PersistMode::Off {
            return Ok(Looked::Unchanged);
        }
        let earlier = disk::snapshot(&self.settings, &folder).await?;
        if let Some((known, at)) = &self.known
            && *known == earlier
            && at.elapsed() < self.options.rescan_every
        {
            return Ok(Looked::Unchanged);
        }
        self.known = None;
        let database = self.database().await?;
        sleep(APART).await;
        let lock = disk::lock(&folder).await?;
        let options = SyncOptions::default();
        let synced = sync_settled(
            &database,
            &self.settings,
            Arc::clone(&folder),
            &lock,
            options,
            RowCheck::Hashes,
            Some(&earlier),
        );
        let (report, num_unsettled) = synced.await?;
        if self.options.mode == PersistMode::Shadow {
            log_differences(&database, &self.settings, folder).await?;
        }
        if num_unsettled == 0 {
            self.known = Some((earlier, Instant::now()));
        }
        Ok(Looked::Synced { report: Box::new(report), num_unsettled })
    }

    /// Closes the connections.
    pub(super) async fn close(self) -> Result<()> {
        match self.database {
            Some(database) => Ok(database.close().await?),
            None => Ok(()),
        }
    }

    /// The database, connected when it is first needed.
    async fn database(&mut self) -> Result<Database> {
        if let Some(database) = &self.database {
            return Ok(database.clone());
        }
        let database = connect(self.target.clone(), self.options.connection.clone(), &self.settings).await?;
        self.database = Some(database.clone());
        Ok(database)
    }
}
