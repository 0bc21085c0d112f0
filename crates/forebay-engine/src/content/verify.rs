//! `verify`: compares every file of a course by hash, and every row of its tables in all columns.

use std::sync::Arc;

use forebay_domain::content::{Problem, Severity, paths::RelativePath};
use forebay_store::{
    connect::Database,
    content::{self, RowDifference, RowState},
};
use futures_util::future;

use super::{
    approvals,
    course::{CourseSettings, check_layout, find_course},
    disk,
    folder::{CourseFolder, Skipped},
    sides::Known,
};
use crate::error::Result;

forebay_domain::words! {
    /// How a file or a row differs.
    pub enum DifferenceKind {
        /// The folder has it, the database does not.
        MissingInDatabase = "missing_in_database",
        /// The database has it, the folder does not.
        MissingInFolder = "missing_in_folder",
        /// The bytes differ.
        Content = "content",
        /// The bytes differ in line endings only.
        LineEndings = "line_endings",
        /// A row that is made from the file differs from what is stored of it.
        Row = "row",
        /// A row that is made from the file is missing.
        RowMissing = "row_missing",
        /// A row belongs to no file of the course.
        RowExtra = "row_extra",
    }
}

/// A file or a row that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The path of the file; `None`: a row of the course itself, which is made from several files.
    pub path: Option<String>,
    /// How it differs.
    pub kind: DifferenceKind,
    /// The table of a row; `None`: the file differs.
    pub table: Option<String>,
    /// The columns of a row that differ. Empty if all of them do, and for a file.
    pub columns: Vec<String>,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Files that are equal.
    pub num_equal: u64,
    /// Files and rows that differ, by path.
    pub differences: Vec<Difference>,
    /// What is wrong with files of the folder.
    pub problems: Vec<Problem>,
    /// Entries of the folder that are not stored.
    pub skipped: Vec<Skipped>,
}

impl Verification {
    /// Whether both sides are equal and every file can be stored.
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

impl From<RowDifference> for Difference {
    fn from(row: RowDifference) -> Self {
        let RowDifference { table, path, state, columns, .. } = row;
        let kind = match state {
            RowState::Changed => DifferenceKind::Row,
            RowState::Missing => DifferenceKind::RowMissing,
            RowState::Extra => DifferenceKind::RowExtra,
        };
        Self { path, kind, table: Some(table), columns }
    }
}

/// Compares the folder with the database. Writes nothing. Error: `course_unknown`.
pub async fn verify(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
) -> Result<Verification> {
    let (piece, stored) = find_course(database, settings).await?;
    check_layout(settings, piece.layout.as_deref())?;
    let snapshot = disk::snapshot(settings, &folder).await?;
    let client = database.client().await?;
    let source_id = stored.source.source_id;
    // Both statements in one round trip.
    let (files, rows) = future::try_join(
        content::files(&**client, source_id),
        content::differences(&**client, &stored.course, source_id),
    )
    .await?;
    let known = Known::new(files, &[]);
    let unrecorded = approvals::missing(&**client, stored.course.piece_id, &folder).await?;
    let (problems, skipped) = (snapshot.problems.clone(), snapshot.skipped.clone());
    let mut verification = Verification { problems, skipped, ..Verification::default() };
    let mut differ = |path: &RelativePath, kind| {
        let path = Some(path.to_string());
        verification.differences.push(Difference { path, kind, table: None, columns: Vec::new() });
    };
    for stored in known.states() {
        let path = &stored.path;
        match snapshot.files.get(path) {
            // A file that cannot be stored as it is now is a problem already.
            None if snapshot.is_blocked(path) => {}
            None => differ(path, DifferenceKind::MissingInFolder),
            Some(file) if stored.hash == file.state.hash => verification.num_equal += 1,
            Some(file) if stored.differs_in_line_endings_only(&file.state) => {
                differ(path, DifferenceKind::LineEndings);
            }
            Some(_) => differ(path, DifferenceKind::Content),
        }
    }
    for path in snapshot.files.keys().filter(|path| !known.files.contains_key(*path)) {
        differ(path, DifferenceKind::MissingInDatabase);
    }
    verification.differences.extend(rows.into_iter().map(Difference::from));
    for _ in unrecorded {
        verification.differences.push(Difference {
            path: Some(approvals::path_text()),
            kind: DifferenceKind::RowMissing,
            table: Some("forebay.curriculum_approvals".to_owned()),
            columns: Vec::new(),
        });
    }
    verification.differences.sort();
    Ok(verification)
}
