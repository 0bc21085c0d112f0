//! The difference between two versions of a course.

use forebay_engine::content as engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The difference between two versions of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentDiff {
    /// The first version.
    pub from: ContentVersion,
    /// The second version.
    pub to: ContentVersion,
    /// Files with the same path and the same bytes.
    pub num_unchanged: u64,
    /// Files that differ, by path.
    pub changes: Vec<ContentFileChange>,
}

/// A version of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentVersion {
    /// Its tag; null: it was named by its time.
    pub tag: Option<String>,
    /// The version is the course as it was at this time.
    pub at: Time,
}

/// A file that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentFileChange {
    /// How it differs.
    #[schemars(schema_with = "crate::words::file_change")]
    pub change: String,
    /// Its path; of a removed file, the one that it had.
    pub path: String,
    /// Its path before a move; null: it was not moved.
    pub from: Option<String>,
    /// Whether it differs in line endings only.
    pub is_line_endings_only: bool,
    /// Number of lines added; null: it is not text, or its text did not change.
    pub num_lines_added: Option<u64>,
    /// Number of lines removed; null as above.
    pub num_lines_removed: Option<u64>,
    /// The change in the unified format; null as above, or not asked for.
    pub text: Option<String>,
}

impl From<engine::VersionTime> for ContentVersion {
    fn from(version: engine::VersionTime) -> Self {
        Self { tag: version.tag, at: version.at.into() }
    }
}

impl ContentDiff {
    /// A comparison, with the changed text if wanted.
    pub fn new(diff: engine::CourseDiff, with_text: bool) -> Self {
        let engine::CourseDiff { from, to, num_unchanged, changes } = diff;
        let change = |change: engine::FileChange| {
            let engine::FileChange { kind, path, from, is_line_endings_only, lines } = change;
            ContentFileChange {
                change: kind.as_str().to_owned(),
                path,
                from,
                is_line_endings_only,
                num_lines_added: lines.as_ref().map(|lines| lines.num_added),
                num_lines_removed: lines.as_ref().map(|lines| lines.num_removed),
                text: lines.filter(|_| with_text).map(|lines| lines.unified),
            }
        };
        Self {
            from: from.into(),
            to: to.into(),
            num_unchanged,
            changes: changes.into_iter().map(change).collect(),
        }
    }
}
