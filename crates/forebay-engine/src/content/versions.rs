//! Versions of a course: tags, and the difference between two of them.

use std::time::Duration;

use forebay_domain::content::version::{FileChangeKind, Tag, Version};
use forebay_store::{
    connect::Database,
    content::{self, FilePair, TaggedVersion},
};
use jiff::Timestamp;
use similar::{DiffOp, TextDiff};
use tokio::task;

use super::{
    course::{CourseSettings, check_time, find_course},
    error::ContentError,
};
use crate::{
    clock,
    error::{Error, Result},
};

/// After this time, the comparison of two texts settles for more changed lines than necessary.
const MAX_TIME_PER_FILE: Duration = Duration::from_secs(1);

/// A version with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionTime {
    /// Its tag; `None`: it was named by its time.
    pub tag: Option<String>,
    /// The time.
    pub at: Timestamp,
}

/// The difference between two versions of a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseDiff {
    /// The first version.
    pub from: VersionTime,
    /// The second version.
    pub to: VersionTime,
    /// Files with the same path and the same bytes.
    pub num_unchanged: u64,
    /// Files that differ, by path.
    pub changes: Vec<FileChange>,
}

/// A file that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// How it differs.
    pub kind: FileChangeKind,
    /// Its path; of a removed file, the one that it had.
    pub path: String,
    /// Its path before a move.
    pub from: Option<String>,
    /// Whether it differs in line endings only.
    pub is_line_endings_only: bool,
    /// Lines added and removed; `None`: it is not text, or its content is not stored.
    pub lines: Option<ChangedLines>,
}

/// The changed lines of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLines {
    /// Number of lines added.
    pub num_added: u64,
    /// Number of lines removed.
    pub num_removed: u64,
    /// The change in the unified format.
    pub unified: String,
}

/// Names the state of a course at a time. Errors: `course_unknown`, `tag_taken` if the tag names another time,
/// `no_files_at_time` before its first version, `tag_in_future`.
pub async fn tag(
    database: &Database,
    settings: &CourseSettings,
    tag: &Tag,
    at: Option<Timestamp>,
) -> Result<TaggedVersion> {
    let (piece, stored) = find_course(database, settings).await?;
    let now = clock::now();
    let client = database.client().await?;
    if let Some(at) = at {
        if at > now {
            return Err(ContentError::TagInFuture { at }.into());
        }
        check_time(&client, settings, &stored, at).await?;
    }
    let wanted = at.unwrap_or(now);
    let tagged_at = content::tag(&**client, piece.piece_id, tag, wanted).await?;
    // The database keeps microseconds.
    if tagged_at.as_microsecond() != wanted.as_microsecond() {
        return Err(ContentError::TagTaken { tag: tag.to_string(), at: tagged_at }.into());
    }
    Ok(TaggedVersion { tag: tag.to_string(), tagged_at })
}

/// Compares two versions of a course. `from` is by default the last tag, and `to` the current state. Errors:
/// `course_unknown`, `tag_unknown`, `course_untagged` if `from` is absent and there is no tag.
pub async fn diff(
    database: &Database,
    settings: &CourseSettings,
    from: Option<&Version>,
    to: Option<&Version>,
) -> Result<CourseDiff> {
    let (piece, stored) = find_course(database, settings).await?;
    let client = database.client().await?;
    let tags = content::tags(&**client, piece.piece_id).await?;
    let from = match (from, tags.last()) {
        (Some(version), _) => resolve(version, &tags)?,
        (None, Some(last)) => VersionTime { tag: Some(last.tag.clone()), at: last.tagged_at },
        (None, None) => return Err(ContentError::Untagged { slug: settings.slug.to_string() }.into()),
    };
    let to = match to {
        Some(version) => resolve(version, &tags)?,
        None => VersionTime { tag: None, at: clock::now() },
    };
    let pairs = content::diff(&**client, &stored.source.name, from.at, to.at).await?;
    drop(client);
    let compared = task::spawn_blocking(move || {
        let num_files = pairs.len();
        let changes: Vec<FileChange> = pairs.into_iter().filter_map(change).collect();
        CourseDiff { from, to, num_unchanged: (num_files - changes.len()) as u64, changes }
    });
    compared.await.map_err(|_| Error::Reader)
}

fn resolve(version: &Version, tags: &[TaggedVersion]) -> Result<VersionTime> {
    match version {
        Version::At(at) => Ok(VersionTime { tag: None, at: *at }),
        Version::Tagged(tag) => {
            let known = tags.iter().find(|known| known.tag == tag.as_str());
            let known = known.ok_or_else(|| ContentError::TagUnknown { tag: tag.to_string() })?;
            Ok(VersionTime { tag: Some(known.tag.clone()), at: known.tagged_at })
        }
    }
}

/// The change of a file; `None`: it is the same at both times.
fn change(pair: FilePair) -> Option<FileChange> {
    let FilePair { path_before, path_after, is_equal, is_line_endings_only, content_before, content_after } =
        pair;
    let (kind, path, from) = match (path_before, path_after) {
        (None, Some(path)) => (FileChangeKind::Added, path, None),
        (Some(path), None) => (FileChangeKind::Removed, path, None),
        (Some(before), Some(after)) if before == after && is_equal => return None,
        (Some(before), Some(after)) if before == after => (FileChangeKind::Changed, after, None),
        (Some(before), Some(after)) => (FileChangeKind::Moved, after, Some(before)),
        (None, None) => return None,
    };
    let (before, after) = match kind {
        FileChangeKind::Added => (Some(String::new()), content_after),
        FileChangeKind::Removed => (content_before, Some(String::new())),
        FileChangeKind::Changed | FileChangeKind::Moved => (content_before, content_after),
    };
    let lines = before.zip(after).map(|(before, after)| {
        let old = if kind == FileChangeKind::Added { "/dev/null" } else { from.as_deref().unwrap_or(&path) };
        let new = if kind == FileChangeKind::Removed { "/dev/null" } else { &path };
        changed_lines((old, &before), (new, &after))
    });
    Some(FileChange { kind, path, from, is_line_endings_only, lines })
}

/// Compares two texts, each with its name.
fn changed_lines((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> ChangedLines {
    let diff = TextDiff::configure().timeout(MAX_TIME_PER_FILE).diff_lines(old, new);
    let (mut num_added, mut num_removed) = (0, 0);
    for op in diff.ops() {
        if !matches!(op, DiffOp::Equal { .. }) {
            num_removed += op.old_range().len() as u64;
            num_added += op.new_range().len() as u64;
        }
    }
    let unified = diff.unified_diff().context_radius(3).header(old_name, new_name).to_string();
    ChangedLines { num_added, num_removed, unified }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_counted_and_shown() {
        let lines = changed_lines(("a.md", "one\ntwo\nthree\n"), ("b.md", "one\n2\nthree\nfour"));
        assert_eq!((lines.num_added, lines.num_removed), (2, 1));
        assert_eq!(
            lines.unified,
            "--- a.md\n+++ b.md\n@@ -1,3 +1,4 @@\n one\n-two\n+2\n three\n+four\n\\ No newline at end of file\n"
        );
        assert_eq!(changed_lines(("a", "x\n"), ("a", "x\n")).unified, "");
    }

    #[test]
    fn a_moved_file_may_change_too() {
        let pair = |before: Option<&str>, after: Option<&str>, is_equal| FilePair {
            path_before: before.map(str::to_owned),
            path_after: after.map(str::to_owned),
            is_equal,
            is_line_endings_only: false,
            content_before: before.filter(|_| !is_equal).map(|_| "a\n".to_owned()),
            content_after: after.filter(|_| !is_equal).map(|_| "b\n".to_owned()),
        };
        let of = |pair: FilePair| {
            change(pair).map(|one| {
                let lines = one.lines.map(|lines| (lines.num_added, lines.num_removed));
                (one.kind, one.path, one.from, lines)
            })
        };
        let text = str::to_owned;
        assert_eq!(of(pair(Some("a"), Some("a"), true)), None);
        assert_eq!(
            of(pair(None, Some("a"), false)),
            Some((FileChangeKind::Added, text("a"), None, Some((1, 0))))
        );
        assert_eq!(
            of(pair(Some("a"), None, false)),
            Some((FileChangeKind::Removed, text("a"), None, Some((0, 1))))
        );
        assert_eq!(
            of(pair(Some("a"), Some("b"), true)),
            Some((FileChangeKind::Moved, text("b"), Some(text("a")), None))
        );
        assert_eq!(
            of(pair(Some("a"), Some("b"), false)),
            Some((FileChangeKind::Moved, text("b"), Some(text("a")), Some((1, 1))))
        );
    }
}
