//! `verify`: compares every file and row of a course by hash.

use std::sync::Arc;

use forebay_domain::content::{Problem, Severity, paths::RelativePath};
use forebay_store::{connect::Database, content};

use super::{
    course::{CourseSettings, find_course},
    folder::{CourseFolder, Skipped},
    sides::{Known, look},
};
use crate::error::Result;

forebay_domain::words! {
    /// How a file differs.
    pub enum DifferenceKind {
        /// The folder has it, the database does not.
        MissingInDatabase = "missing_in_database",
        /// The database has it, the folder does not.
        MissingInFolder = "missing_in_folder",
        /// The bytes differ.
        Content = "content",
        /// The bytes differ in line endings only.
        LineEndings = "line_endings",
        /// Its row in the content tables differs from what is stored of the file.
        Row = "row",
    }
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its path.
    pub path: String,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Files that are equal.
    pub num_equal: u64,
    /// Files that differ, by path.
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

/// Compares the folder with the database. Writes nothing. Error: `course_unknown`.
pub async fn verify(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
) -> Result<Verification> {
    let (_, stored) = find_course(database, settings).await?;
    let (snapshot, _) = look(settings, &folder, &stored.source.name).await?;
    let client = database.client().await?;
    let known = Known::new(content::files(&**client, stored.source.source_id).await?);
    let mut verification =
        Verification { problems: snapshot.problems, skipped: snapshot.skipped, ..Verification::default() };
    let mut differ = |path: &RelativePath, kind| {
        verification.differences.push(Difference { path: path.to_string(), kind });
    };
    let mut stored = known.states();
    for (path, file) in &snapshot.files {
        match stored.binary_search_by(|stored| stored.path.cmp(path)) {
            Err(_) => differ(path, DifferenceKind::MissingInDatabase),
            Ok(at) => {
                let stored = stored.remove(at);
                if stored.hash == file.state.hash {
                    verification.num_equal += 1;
                } else if stored.differs_in_line_endings_only(&file.state) {
                    differ(path, DifferenceKind::LineEndings);
                } else {
                    differ(path, DifferenceKind::Content);
                }
            }
        }
    }
    for file in &stored {
        // A file that cannot be stored as it is now is a problem already.
        if !snapshot.blocked.contains(&file.path) {
            differ(&file.path, DifferenceKind::MissingInFolder);
        }
    }
    for path in known.unprojected() {
        differ(path, DifferenceKind::Row);
    }
    verification.differences.sort();
    Ok(verification)
}
