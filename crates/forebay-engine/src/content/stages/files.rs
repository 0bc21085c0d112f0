//! The files of a course folder, for stages that look at some of them.

use std::sync::Arc;

use forebay_domain::content::{
    Problem,
    file_text::{decode, hash},
    layout::{Document, Role},
    paths::RelativePath,
};

use super::super::{
    course::CourseSettings,
    disk::{on_disk, snapshot},
    error::ContentError,
    folder::CourseFolder,
    persister::CoursePersister,
    snapshot::Snapshot,
};
use crate::error::Result;

/// The files of a course folder now.
pub(super) struct Files(pub(super) Snapshot);

/// A file that is text.
pub(super) struct TextFile {
    pub(super) path: RelativePath,
    pub(super) text: String,
    /// SHA-256 of its bytes.
    pub(super) hash: [u8; 32],
}

impl Files {
    /// The files of a persister's folder.
    pub(super) async fn of(writer: &CoursePersister) -> Result<Self> {
        Self::take(writer.settings(), writer.folder()).await
    }

    /// The files of a folder.
    pub(super) async fn take(settings: &CourseSettings, folder: &Arc<CourseFolder>) -> Result<Self> {
        Ok(Self(snapshot(settings, folder).await?))
    }

    /// The first file with this role.
    pub(super) fn find(&self, role: &Role) -> Option<RelativePath> {
        self.0.files.iter().find(|(_, file)| file.role == *role).map(|(path, _)| path.clone())
    }

    /// The file of a document. Errors: there is none, or it cannot be read.
    pub(super) fn document(
        &self,
        settings: &CourseSettings,
        role: &Role,
        document: Document,
    ) -> Result<RelativePath> {
        if let Some(path) = self.find(role) {
            return Ok(path);
        }
        match self.problem(settings, role) {
            Some(problem) => Err(ContentError::Problem(problem).into()),
            None => Err(ContentError::FileMissing { path: usual_path(settings, document) }.into()),
        }
    }

    /// What is wrong with lessons that cannot be read, for the wanted paths.
    pub(super) fn lesson_problems(
        &self,
        settings: &CourseSettings,
        is_wanted: impl Fn(&RelativePath) -> bool,
    ) -> Vec<Problem> {
        let is_lesson = |path: &RelativePath| {
            self.0.blocked.contains(path)
                && matches!(settings.layout.classify(path), Role::Lesson { .. })
                && is_wanted(path)
        };
        let of_lesson =
            |problem: &&Problem| RelativePath::parse(&problem.path).is_ok_and(|path| is_lesson(&path));
        self.0.problems.iter().filter(of_lesson).cloned().collect()
    }

    /// Why a file with this role cannot be read. `None`: there is no such file.
    pub(super) fn problem(&self, settings: &CourseSettings, role: &Role) -> Option<Problem> {
        let path = self.0.blocked.iter().find(|path| settings.layout.classify(path) == *role)?;
        self.0.problems.iter().find(|problem| problem.path == path.as_str()).cloned()
    }
}

/// Where a document belongs. A layout may have no single path for it.
pub(super) fn usual_path(settings: &CourseSettings, document: Document) -> String {
    match settings.layout.document_path(document) {
        Some(path) => path.to_string(),
        None => document_name(document).to_owned(),
    }
}

fn document_name(document: Document) -> &'static str {
    match document {
        Document::Brief => "brief",
        Document::Outline => "outline",
        Document::Curriculum => "curriculum",
        Document::Research(kind) => kind.as_str(),
    }
}

/// Reads a text file of a persister's folder.
pub(super) async fn text(writer: &CoursePersister, path: &RelativePath) -> Result<TextFile> {
    read_text(writer.settings(), writer.folder(), path).await
}

/// Reads a text file.
pub(super) async fn read_text(
    settings: &CourseSettings,
    folder: &Arc<CourseFolder>,
    path: &RelativePath,
) -> Result<TextFile> {
    let (folder, path, max_bytes) = (Arc::clone(folder), path.clone(), settings.max_file_bytes);
    on_disk(move || {
        let bytes = folder.read(&path, max_bytes)?;
        let bytes = bytes.ok_or_else(|| ContentError::FileMissing { path: path.to_string() })?;
        let limit = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let text = decode(&bytes, path.as_str(), limit).map_err(ContentError::Problem)?.to_owned();
        Ok(TextFile { hash: hash(&bytes), text, path })
    })
    .await
}
