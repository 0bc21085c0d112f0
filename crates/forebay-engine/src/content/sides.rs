//! The three sides of a comparison: the folder now, the folder after its last sync, and the database.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use forebay_domain::{
    content::{
        paths::RelativePath,
        plan::{FileState, GuardSettings, Keep, Plan, Sides, plan_keeping},
    },
    identity::ReferenceId,
};
use forebay_store::content::StoredFile;

use super::{
    course::CourseSettings,
    disk::on_disk,
    folder::CourseFolder,
    snapshot::Snapshot,
    state::{self, Base},
};
use crate::error::Result;

/// The folder now, and what it remembers of its last sync.
pub(super) async fn look(settings: &CourseSettings, folder: &Arc<CourseFolder>) -> Result<(Snapshot, Base)> {
    let (folder, layout) = (Arc::clone(folder), settings.layout.clone());
    let max_bytes = settings.max_file_bytes;
    on_disk(move || {
        let base = state::load(&folder)?;
        Ok((Snapshot::take(&folder, &layout, max_bytes)?, base))
    })
    .await
}

/// The files that are stored.
pub(super) struct Known {
    /// By path.
    pub(super) files: BTreeMap<RelativePath, StoredFile>,
    /// The paths of files whose removal guards withhold.
    pub(super) withheld: BTreeSet<RelativePath>,
}

impl Known {
    /// `withheld` are the references whose removal guards withhold.
    pub(super) fn new(files: Vec<StoredFile>, withheld: &[ReferenceId]) -> Self {
        // A path that cannot be parsed was stored by another program; it is not a file of a course.
        let files: BTreeMap<RelativePath, StoredFile> = files
            .into_iter()
            .filter_map(|file| Some((RelativePath::parse(&file.path).ok()?, file)))
            .collect();
        let withheld: HashSet<&ReferenceId> = withheld.iter().collect();
        let is_withheld = |(_, file): &(&RelativePath, &StoredFile)| withheld.contains(&file.reference_id);
        let withheld = files.iter().filter(is_withheld).map(|(path, _)| path.clone()).collect();
        Self { files, withheld }
    }

    /// Whether a file is stored in this state.
    pub(super) fn has(&self, file: &FileState) -> bool {
        self.files.get(&file.path).is_some_and(|stored| stored.content_hash == file.hash)
    }

    pub(super) fn states(&self) -> Vec<FileState> {
        let state = |(path, file): (&RelativePath, &StoredFile)| FileState {
            path: path.clone(),
            hash: file.content_hash,
            hash_ignoring_line_endings: file.text_hash.unwrap_or(file.content_hash),
            size: file.size,
            lesson_id: file.lesson_id.clone(),
        };
        self.files.iter().map(state).collect()
    }
}

/// Compares the sides. Files that cannot be stored now, or that are behind a link, are left out of all of them, so what
/// is stored of them stays.
pub(super) fn compare(
    snapshot: &Snapshot,
    base: &[FileState],
    known: &Known,
    guard: &GuardSettings,
    keep: Option<&Keep>,
) -> Plan {
    let is_free = |file: &FileState| !snapshot.is_out_of_reach(&file.path);
    let base: Vec<FileState> = base.iter().filter(|file| is_free(file)).cloned().collect();
    let database: Vec<FileState> = known.states().into_iter().filter(is_free).collect();
    plan_keeping(Sides { folder: Some(&snapshot.states()), base: &base, database: &database }, guard, keep)
}
