//! Courses, and the comparison of a course's folder with the database.

use forebay_domain::content::{
    self,
    plan::{Action, Changes},
};
use forebay_engine::content as engine;
use forebay_store::content::PieceSummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::ContentActionKind;

/// A course with its totals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CourseSummary {
    /// The project that it belongs to.
    pub project: String,
    /// Its name in the project.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Whether people may see it.
    #[schemars(schema_with = "crate::words::content_status")]
    pub status: String,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// Number of stored lessons.
    pub num_lessons: u64,
    /// Lessons whose last validation passed.
    pub num_passed: u64,
    /// Number of words in all lessons.
    pub num_words: u64,
    /// Whether the stored curriculum is the approved one; null: none was approved.
    pub is_approved: Option<bool>,
    /// How well the text matches the persona's voice, 0 to 1; null: not measured.
    pub voice_fidelity_score: Option<f64>,
}

/// The result of a sync, or of its dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentSync {
    /// The name of the course's source.
    pub source: String,
    /// Whether nothing was written: the actions are what would be done.
    pub is_dry_run: bool,
    /// The run that wrote the changes; null: there was nothing to write, or nothing was written.
    pub run_id: Option<i64>,
    /// How that run ended; null: there was no run.
    #[schemars(schema_with = "crate::words::run_status_or_null")]
    pub status: Option<String>,
    /// Why it ended so, as a stable word; null: as expected.
    pub reason_code: Option<String>,
    /// Files that are equal on both sides.
    pub num_unchanged: u64,
    /// Rows of content tables that were written again, because they differed from their files.
    pub num_repaired: u64,
    /// What a person must look at.
    #[schemars(schema_with = "crate::words::attention")]
    pub attention: String,
    /// What was done to the database, in order.
    pub actions: Vec<ContentAction>,
    /// What a decision for the database changed in the folder, or would change.
    pub folder_changes: Vec<ContentFolderChange>,
    /// Files that both sides changed. Both are kept.
    pub conflicts: Vec<ContentConflict>,
    /// Files that only the database changed. They are left as they are.
    pub database_changes: Vec<ContentRemoteChange>,
    /// What is wrong with files.
    pub problems: Vec<ContentProblem>,
    /// Entries of the folder that are not stored.
    pub skipped: Vec<ContentSkipped>,
}

/// A change to the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentAction {
    /// What was done.
    #[schemars(schema_with = "crate::words::content_action")]
    pub action: String,
    /// The path of the file.
    pub path: String,
    /// Its path before a move; null: it was not moved.
    pub from: Option<String>,
    /// Why the file at the other path is the same one; null: it was not moved.
    pub matched_by: Option<String>,
    /// Whether an update changed only line endings.
    pub is_line_endings_only: bool,
}

/// A file that both sides keep as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentConflict {
    /// Its path.
    pub path: String,
    /// Its path in the database; null: the same.
    pub database_path: Option<String>,
    /// Why, as a stable word.
    #[schemars(schema_with = "crate::words::conflict_kind")]
    pub reason_code: String,
    /// Whether the sides differ in line endings only.
    pub is_line_endings_only: bool,
}

/// A file of the folder that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentFolderChange {
    /// Its path.
    pub path: String,
    /// What happened to it.
    #[schemars(schema_with = "crate::words::folder_change")]
    pub change: String,
    /// Where its former bytes are now, in the folder; null: the database has them in its history, or there were none.
    pub kept_as: Option<String>,
}

/// A change that only the database made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentRemoteChange {
    /// The path of the file.
    pub path: String,
    /// Its path in the folder; null: the same.
    pub folder_path: Option<String>,
    /// What the database did to it.
    #[schemars(schema_with = "crate::words::remote_change")]
    pub change: String,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentProblem {
    /// What is wrong, as a stable word.
    #[schemars(schema_with = "crate::words::content_problem")]
    pub code: String,
    /// `error`: the file is not stored as it is. `warning`: it is stored.
    #[schemars(schema_with = "crate::words::content_severity")]
    pub severity: String,
    /// The file, with the line where one is known: `lessons/1.1-intro.md:4`.
    pub place: String,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do about it; null: the message says it.
    pub hint: Option<String>,
}

/// An entry of the folder that is not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentSkipped {
    /// Its path.
    pub path: String,
    /// Why.
    #[schemars(schema_with = "crate::words::skip_reason")]
    pub reason_code: String,
}

/// The comparison of a folder with the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentVerification {
    /// Whether both sides are equal and every file can be stored.
    pub is_clean: bool,
    /// Files that are equal.
    pub num_equal: u64,
    /// Files and rows that differ, by path.
    pub differences: Vec<ContentDifference>,
    /// What is wrong with files.
    pub problems: Vec<ContentProblem>,
    /// Entries of the folder that are not stored.
    pub skipped: Vec<ContentSkipped>,
}

/// A file that differs, or a row that differs from its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentDifference {
    /// The path of the file; null: a row of the course itself, which is made from several files.
    pub path: Option<String>,
    /// How it differs.
    #[schemars(schema_with = "crate::words::content_difference")]
    pub difference: String,
    /// The table of a row; null: the file differs.
    pub table: Option<String>,
    /// The columns of a row that differ. Empty if all of them do, and for a file.
    pub columns: Vec<String>,
}

/// The result of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentRestored {
    /// Whether the folder has every stored file, and no other.
    pub is_complete: bool,
    /// Files that were equal already.
    pub num_equal: u64,
    /// Files written, by path.
    pub written: Vec<String>,
    /// Files that somebody changed since the last sync, and which were kept, by path.
    pub kept: Vec<String>,
    /// Files of which only a hash is stored, and which are absent or differ, by path.
    pub not_stored: Vec<String>,
    /// Files removed, by path: the restored state does not have them, they are unchanged since the last sync, and the
    /// database has their bytes.
    pub removed: Vec<String>,
    /// Other files that the restored state does not have, and which were left as they are, by path.
    pub extra: Vec<String>,
}

impl From<PieceSummary> for CourseSummary {
    fn from(summary: PieceSummary) -> Self {
        let PieceSummary { piece, num_lessons, num_passed, num_words, is_approved } = summary;
        Self {
            project: piece.project,
            slug: piece.slug,
            title: piece.title,
            status: piece.status,
            keywords: piece.keywords,
            num_lessons,
            num_passed,
            num_words,
            is_approved,
            voice_fidelity_score: piece.voice_fidelity_score,
        }
    }
}

impl From<engine::FolderChange> for ContentFolderChange {
    fn from(change: engine::FolderChange) -> Self {
        Self {
            path: change.path.to_string(),
            change: change.kind.as_str().to_owned(),
            kept_as: change.kept_as.map(|path| path.to_string()),
        }
    }
}

impl ContentSync {
    /// The result of a sync.
    pub fn new(report: engine::SyncReport, is_dry_run: bool) -> Self {
        let attention = report.attention();
        let engine::SyncReport { source, changes, folder_changes, run, num_repaired, problems, skipped } =
            report;
        let Changes { actions, unchanged, conflicts, remote, problems: undecided, .. } = changes;
        let conflicts = conflicts.into_iter().map(|conflict| ContentConflict {
            path: conflict.path.to_string(),
            database_path: conflict.database_path.map(|path| path.to_string()),
            reason_code: conflict.kind.as_str().to_owned(),
            is_line_endings_only: conflict.is_line_endings_only,
        });
        let remote = remote.into_iter().map(|change| ContentRemoteChange {
            path: change.path.to_string(),
            folder_path: change.folder_path.map(|path| path.to_string()),
            change: change.kind.as_str().to_owned(),
        });
        let folder_changes = folder_changes.into_iter().map(ContentFolderChange::from);
        Self {
            source,
            is_dry_run,
            run_id: run.as_ref().map(|run| run.run_id),
            status: run.as_ref().map(|run| run.status.as_str().to_owned()),
            reason_code: run.and_then(|run| run.reason_code),
            num_unchanged: unchanged.len() as u64,
            num_repaired,
            attention: attention.as_str().to_owned(),
            actions: actions.into_iter().map(ContentAction::from).collect(),
            folder_changes: folder_changes.collect(),
            conflicts: conflicts.collect(),
            database_changes: remote.collect(),
            problems: problems.into_iter().chain(undecided).map(ContentProblem::from).collect(),
            skipped: skipped.into_iter().map(ContentSkipped::from).collect(),
        }
    }
}

impl From<Action> for ContentAction {
    fn from(action: Action) -> Self {
        let path = action.path().to_string();
        let (kind, from, matched_by, is_line_endings_only) = match action {
            Action::Add { .. } => (ContentActionKind::Add, None, None, false),
            Action::Update { is_line_endings_only, .. } => {
                (ContentActionKind::Update, None, None, is_line_endings_only)
            }
            Action::Move { from, matched_by, .. } => {
                (ContentActionKind::Move, Some(from.to_string()), Some(matched_by.as_str().to_owned()), false)
            }
            Action::Remove { .. } => (ContentActionKind::Remove, None, None, false),
        };
        Self { action: kind.as_str().to_owned(), path, from, matched_by, is_line_endings_only }
    }
}

impl From<content::Problem> for ContentProblem {
    fn from(problem: content::Problem) -> Self {
        let content::Problem { code, severity, path, line, message, hint } = problem;
        Self {
            code: code.as_str().to_owned(),
            severity: severity.as_str().to_owned(),
            place: line.map_or_else(|| path.clone(), |line| format!("{path}:{line}")),
            message,
            hint,
        }
    }
}

impl From<engine::Skipped> for ContentSkipped {
    fn from(skipped: engine::Skipped) -> Self {
        Self { path: skipped.path, reason_code: skipped.reason.as_str().to_owned() }
    }
}

impl From<engine::Verification> for ContentVerification {
    fn from(verification: engine::Verification) -> Self {
        let is_clean = verification.is_clean();
        let engine::Verification { num_equal, differences, problems, skipped } = verification;
        let differences = differences.into_iter().map(|difference| ContentDifference {
            path: difference.path,
            difference: difference.kind.as_str().to_owned(),
            table: difference.table,
            columns: difference.columns,
        });
        Self {
            is_clean,
            num_equal,
            differences: differences.collect(),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
            skipped: skipped.into_iter().map(ContentSkipped::from).collect(),
        }
    }
}

impl From<engine::Restored> for ContentRestored {
    fn from(restored: engine::Restored) -> Self {
        let is_complete = restored.is_complete();
        let engine::Restored { written, num_equal, kept, not_stored, removed, extra } = restored;
        Self { is_complete, num_equal, written, kept, not_stored, removed, extra }
    }
}
