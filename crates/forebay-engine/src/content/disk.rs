//! Work that waits for the disk, on threads that may block.

use std::sync::Arc;

use tokio::task;

use super::{
    course::CourseSettings,
    error::ContentError,
    folder::{CourseFolder, FolderLock},
    snapshot::Snapshot,
};
use crate::error::{Error, Result};

/// Runs work that reads or writes files.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, ContentError> + Send + 'static,
) -> Result<T> {
    Ok(task::spawn_blocking(work).await.map_err(|_| Error::Reader)??)
}

/// Locks a folder for writing. Error: `content_folder_locked`.
pub(super) async fn lock(folder: &Arc<CourseFolder>) -> Result<FolderLock> {
    let folder = Arc::clone(folder);
    on_disk(move || folder.lock()).await
}

/// What a folder contains now.
pub(super) async fn snapshot(settings: &CourseSettings, folder: &Arc<CourseFolder>) -> Result<Snapshot> {
    let (folder, layout) = (Arc::clone(folder), settings.layout.clone());
    let max_bytes = settings.max_file_bytes;
    on_disk(move || Snapshot::take(&folder, &layout, max_bytes)).await
}
