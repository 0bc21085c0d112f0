//! Small files for the tests of plans, and what applying a plan does to a database.

use std::collections::BTreeMap;

use crate::content::{
    paths::RelativePath,
    plan::{Action, Changes, FileState, GuardSettings, Keep, Plan, Sides, plan_keeping},
};

/// A file with bytes that a number stands for; 0 is the empty file.
pub(super) fn file(path: &str, body: u8) -> FileState {
    let (mut hash, mut normalised) = ([0; 32], [0; 32]);
    (hash[1], normalised[1]) = (body, body);
    FileState {
        path: RelativePath::parse(path).unwrap(),
        hash,
        hash_ignoring_line_endings: normalised,
        size: u64::from(body),
        lesson_id: None,
    }
}

/// A file with a lesson id, which is part of its bytes.
pub(super) fn lesson(path: &str, id: &str, body: u8) -> FileState {
    let mut lesson = file(path, body);
    lesson.hash[0] = id.as_bytes()[0];
    lesson.hash_ignoring_line_endings[0] = id.as_bytes()[0];
    FileState { lesson_id: Some(id.to_owned()), size: 1 + u64::from(body), ..lesson }
}

/// The changes of a plan whose guard allows everything.
pub(super) fn ready(folder: &[FileState], base: &[FileState], database: &[FileState]) -> Changes {
    keeping(None, folder, base, database)
}

/// The same after a decision.
pub(super) fn keeping(
    keep: Option<&Keep>,
    folder: &[FileState],
    base: &[FileState],
    database: &[FileState],
) -> Changes {
    let guard = GuardSettings { is_allowed: true, ..GuardSettings::default() };
    match plan_keeping(Sides { folder: Some(folder), base, database }, &guard, keep) {
        Plan::Ready(changes) => changes,
        Plan::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

/// Applies a plan to a database as one transaction would. Fails on actions that no database could perform.
pub(super) fn apply(folder: &[FileState], database: &[FileState], changes: &Changes) -> Vec<FileState> {
    let source = |path: &RelativePath| folder.iter().find(|file| file.path == *path).unwrap().clone();
    let mut rows: BTreeMap<RelativePath, FileState> =
        database.iter().map(|file| (file.path.clone(), file.clone())).collect();
    let mut moved = Vec::new();
    for action in &changes.actions {
        match action {
            Action::Remove { path } => assert!(rows.remove(path).is_some(), "{path} is not there"),
            Action::Move { from, to, .. } => {
                let row = rows.remove(from).unwrap();
                moved.push(FileState { path: to.clone(), ..row });
            }
            Action::Update { .. } | Action::Add { .. } => {}
        }
    }
    for row in moved {
        assert!(rows.insert(row.path.clone(), row).is_none(), "a moved file overwrote another");
    }
    for action in &changes.actions {
        let (path, is_replaced) = match action {
            Action::Update { path, .. } => (path, true),
            Action::Add { path } => (path, false),
            Action::Remove { .. } | Action::Move { .. } => continue,
        };
        let row = rows.insert(path.clone(), source(path));
        assert_eq!(row.is_some(), is_replaced, "{path}");
    }
    rows.into_values().collect()
}
