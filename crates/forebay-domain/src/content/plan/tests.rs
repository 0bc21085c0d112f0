//! Each decision by example; `properties` checks what holds for any three sides.

mod model;
mod properties;

use model::{apply, file, keeping, lesson, ready};

use super::*;
use crate::content::{ProblemCode, paths::RelativePath};

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

fn shown(changes: &Changes) -> Vec<String> {
    let actions = changes.actions.iter().map(|action| match action {
        Action::Remove { path } => format!("remove {path}"),
        Action::Move { from, to, matched_by } => format!("move {from} to {to} by {matched_by}"),
        Action::Update { path, is_line_endings_only: false } => format!("update {path}"),
        Action::Update { path, is_line_endings_only: true } => format!("update {path} (line endings)"),
        Action::Add { path } => format!("add {path}"),
    });
    let conflicts = changes.conflicts.iter().map(|one| {
        let other = one.database_path.as_ref().map(|path| format!(" and {path}")).unwrap_or_default();
        let label = if one.is_line_endings_only { " (line endings)" } else { "" };
        format!("conflict {}{other}: {}{label}", one.path, one.kind)
    });
    let remote = changes.remote.iter().map(|one| format!("remote {}: {}", one.path, one.kind));
    let problems = changes.problems.iter().map(|one| format!("problem {}: {}", one.path, one.code));
    actions.chain(conflicts).chain(remote).chain(problems).collect()
}

/// Plans with `base` as the state of the database, unless only the folder is compared.
fn planned(folder: &[FileState], base: &[FileState], database: &[FileState]) -> Vec<String> {
    shown(&ready(folder, base, database))
}

const NOTHING: [&str; 0] = [];

#[test]
fn equal_sides_need_nothing() {
    let files = [lesson("a", "x", 1), file("b", 2)];
    let changes = ready(&files, &files, &files);
    assert!(changes.is_clean());
    assert_eq!(changes.unchanged, [path("a"), path("b")]);
    assert_eq!(changes.base, files);
    // Without a base, what is equal is known to be equal.
    assert!(ready(&files, &[], &files).is_clean());
    assert!(ready(&[], &[], &[]).is_clean());
}

#[test]
fn the_database_follows_the_folder() {
    let before = [file("a", 1), file("b", 2), file("c", 3)];
    let now = [file("a", 9), file("c", 3), file("d", 4)];
    assert_eq!(planned(&now, &before, &before), ["remove b", "update a", "add d"]);
    assert_eq!(planned(&now, &[], &[]), ["add a", "add c", "add d"]);
}

#[test]
fn changes_of_line_endings_are_labelled() {
    let before = [file("a", 1)];
    let mut now = before.clone();
    now[0].hash[2] = 1;
    assert_eq!(planned(&now, &before, &before), ["update a (line endings)"]);
    assert_eq!(planned(&now, &[], &before), ["conflict a: both_added (line endings)"]);
}

#[test]
fn renames_are_moves() {
    let before = [lesson("a", "x", 1), file("b", 2), file("Notes", 3)];
    let now = [lesson("lessons/a", "x", 9), file("lessons/b", 2), file("notes", 3)];
    assert_eq!(
        planned(&now, &before, &before),
        [
            "move a to lessons/a by id",
            "move b to lessons/b by content",
            "move Notes to notes by case_only",
            "update lessons/a"
        ]
    );
}

#[test]
fn a_swap_is_two_moves() {
    let before = [lesson("a", "x", 1), lesson("b", "y", 2)];
    let now = [lesson("a", "y", 2), lesson("b", "x", 1)];
    assert_eq!(planned(&now, &before, &before), ["move b to a by id", "move a to b by id"]);
    let changes = ready(&now, &before, &before);
    assert_eq!(apply(&now, &before, &changes), now);
}

#[test]
fn ambiguous_content_is_no_match() {
    let before = [file("a", 1), file("b", 1)];
    let now = [file("c", 1)];
    assert_eq!(planned(&now, &before, &before), ["remove a", "remove b", "add c"]);
    // Empty files are all alike.
    assert_eq!(planned(&[file("b", 0)], &[file("a", 0)], &[file("a", 0)]), ["remove a", "add b"]);
}

#[test]
fn another_lesson_at_the_same_path_is_another_file() {
    let before = [lesson("a", "x", 1)];
    let now = [lesson("a", "y", 1)];
    assert_eq!(planned(&now, &before, &before), ["remove a", "add a"]);
    // An id that was added to the front matter does not make another file.
    assert_eq!(planned(&now, &[file("a", 1)], &[file("a", 1)]), ["update a"]);
}

#[test]
fn what_only_the_database_changed_stays() {
    let before = [file("a", 1), file("b", 2), file("c", 3)];
    let database = [file("a", 9), file("d", 4), file("sub/c", 3)];
    let found = planned(&before, &before, &database);
    assert_eq!(found, ["remote a: changed", "remote b: removed", "remote d: added", "remote sub/c: changed"]);
    let changes = ready(&before, &before, &database);
    assert_eq!(changes.base, before, "it is reported again next time");
}

#[test]
fn what_guards_withhold_stays_pending() {
    let before = [file("a", 1), file("b", 2), file("c", 3), file("d", 4)];
    let now = [file("b", 9), file("sub/c", 3), file("e", 5)];
    let changes = ready(&now, &before, &before);
    assert_eq!(shown(&changes), ["remove a", "remove d", "move c to sub/c by content", "update b", "add e"]);
    // One of the removals is withheld.
    let stored = [file("a", 1), file("b", 9), file("sub/c", 3), file("e", 5)];
    let base = changes.base_after_part(&now, &before, &stored);
    assert_eq!(planned(&now, &base, &stored), ["remove a"]);
    // The old path of a file that moved is withheld, like a removal.
    let stored = [file("b", 9), file("c", 3), file("sub/c", 3), file("e", 5)];
    let base = changes.base_after_part(&now, &before, &stored);
    assert_eq!(planned(&now, &base, &stored), ["remove c"]);
    // An update and an addition are withheld.
    let stored = [file("b", 2), file("sub/c", 3)];
    let base = changes.base_after_part(&now, &before, &stored);
    assert_eq!(planned(&now, &base, &stored), ["update b", "add e"]);
}

#[test]
fn what_both_changed_is_a_conflict() {
    let before = [file("a", 1), file("b", 2), file("c", 3)];
    let now = [file("a", 8), file("b", 8), file("new", 5)];
    let database = [file("a", 9), file("c", 7), file("new", 6)];
    assert_eq!(
        planned(&now, &before, &database),
        [
            "conflict a: both_changed",
            "conflict b: changed_and_removed",
            "conflict c: removed_and_changed",
            "conflict new: both_added",
        ]
    );
    // The same change on both sides is none.
    assert_eq!(planned(&now[..1], &before[..1], &now[..1]), NOTHING);
    // Nor is a removal on both sides.
    assert_eq!(planned(&[], &before[..1], &[]), NOTHING);
}

#[test]
fn a_file_that_moved_on_both_sides_keeps_both_places() {
    let before = [lesson("a", "x", 1)];
    let found = planned(&[lesson("b", "x", 1)], &before, &[lesson("c", "x", 1)]);
    assert_eq!(found, ["conflict b and c: both_changed"]);
}

#[test]
fn a_taken_path_is_a_conflict_and_so_is_what_depends_on_it() {
    // The folder renames a to b and b to c; somebody stored a file at c.
    let before = [lesson("a", "x", 1), lesson("b", "y", 2)];
    let now = [lesson("b", "x", 1), lesson("c", "y", 2)];
    let database = [lesson("a", "x", 1), lesson("b", "y", 2), lesson("c", "z", 3)];
    assert_eq!(
        planned(&now, &before, &database),
        ["conflict b and a: taken", "conflict c and b: taken", "remote c: added"]
    );
    // A file cannot be where the database has a folder, and the other way round.
    let remote = [file("notes/a", 1), file("text", 1)];
    assert_eq!(
        planned(&[file("Notes", 2), file("text/b", 2)], &[], &remote),
        ["conflict Notes: taken", "conflict text/b: taken", "remote notes/a: added", "remote text: added"]
    );
}

#[test]
fn doubled_ids_are_left_alone_on_both_sides() {
    let before = [lesson("a", "x", 1), file("b", 2)];
    let now = [lesson("c", "x", 1), lesson("d", "x", 8), file("b", 9)];
    let changes = ready(&now, &before, &before);
    assert_eq!(shown(&changes), ["update b", "problem c: duplicate_id", "problem d: duplicate_id"]);
    assert_eq!(changes.problems[0].code, ProblemCode::DuplicateId);
    assert!(changes.problems[0].message.contains("`d` in the folder has the same lesson id `x`"));
    assert!(changes.base.contains(&before[0]), "the lesson is not forgotten");
}

#[test]
fn collisions_are_left_alone_on_both_sides() {
    let before = [file("a", 1), file("b", 2)];
    let now = [file("a", 8), file("A", 7), file("b", 9)];
    assert_eq!(
        planned(&now, &before, &before),
        ["update b", "problem A: path_collision", "problem a: path_collision"]
    );
    let database = [file("a", 1), file("A", 2)];
    assert_eq!(
        planned(&[file("a", 1)], &[file("a", 1)], &database),
        ["problem A: path_collision", "problem a: path_collision"]
    );
}

#[test]
fn what_shares_something_with_a_blocked_file_is_left_alone_too() {
    // The lesson moved to a path that collides in the database, so it must not be removed from its old one.
    let before = [lesson("b", "x", 2)];
    let database = [lesson("b", "x", 2), file("s", 0), file("s/a", 0)];
    let expected = ["problem s: path_collision", "problem s/a: path_collision"];
    assert_eq!(planned(&[lesson("s/a", "x", 1)], &before, &database), expected);
    // Without an id, the same bytes may be the same file.
    let database = [file("b", 2), file("s", 0), file("s/a", 0)];
    assert_eq!(planned(&[file("s/a", 2)], &[file("b", 2)], &database), expected);
}

#[test]
fn a_base_may_have_two_files_at_one_path() {
    // The lesson moved away from `a` and its row was deleted; a new file took its path.
    let folder = [file("a", 0), lesson("b", "x", 1)];
    let first = ready(&folder, &[lesson("a", "x", 1)], &[]);
    assert_eq!(shown(&first), ["add a", "conflict b: changed_and_removed"]);
    assert_eq!(first.base, [file("a", 0), lesson("a", "x", 1)]);
    assert_eq!(planned(&folder, &first.base, &[file("a", 0)]), ["conflict b: changed_and_removed"]);
}

#[test]
fn doubled_ids_of_the_database_or_the_last_sync_are_left_alone() {
    let doubled = [lesson("a", "x", 1), lesson("b", "x", 2)];
    let expected = ["problem a: duplicate_id", "problem b: duplicate_id"];
    assert_eq!(planned(&doubled[..1], &[], &doubled), expected);
    assert_eq!(planned(&doubled[1..], &doubled, &doubled[..1]), expected);
}

fn files(names: std::ops::Range<u8>) -> Vec<FileState> {
    names.map(|name| file(&format!("f{name}"), name + 1)).collect()
}

fn refusal(folder: Option<&[FileState]>, base: &[FileState]) -> Option<(RefusalReason, usize)> {
    let sides = Sides { folder, base, database: base };
    match plan(sides, &GuardSettings::default()) {
        Plan::Ready(_) => None,
        Plan::Refused(refused) => {
            assert_eq!(refused.num_known, base.len());
            let is_allowed = GuardSettings { is_allowed: true, ..GuardSettings::default() };
            assert!(matches!(plan(sides, &is_allowed), Plan::Ready(_)));
            Some((refused.reason, refused.gone.len()))
        }
    }
}

#[test]
fn a_folder_that_lost_many_files_is_refused() {
    let known = files(0..40);
    assert_eq!(refusal(Some(&known[8..]), &known), None, "20 %");
    assert_eq!(refusal(Some(&known[9..]), &known), Some((RefusalReason::TooManyGone, 9)));
    let few = files(0..10);
    assert_eq!(refusal(Some(&few[3..]), &few), Some((RefusalReason::TooManyGone, 3)));
    assert_eq!(refusal(Some(&few[7..9]), &few[7..]), None, "one file, whatever its share");
    // Moved files are not gone.
    let moved: Vec<FileState> = known
        .iter()
        .map(|one| FileState { path: path(&format!("sub/{}", one.path)), ..one.clone() })
        .collect();
    assert_eq!(refusal(Some(&moved), &known), None);
}

#[test]
fn an_empty_or_missing_folder_is_refused() {
    let known = files(0..2);
    assert_eq!(refusal(Some(&[]), &known), Some((RefusalReason::FolderEmpty, 2)));
    assert_eq!(refusal(None, &known), Some((RefusalReason::FolderMissing, 2)));
    assert_eq!(refusal(Some(&[]), &[]), None);
    let sides = Sides { folder: Some(&[]), base: &[], database: &known };
    assert!(matches!(plan(sides, &GuardSettings::default()), Plan::Refused(_)), "the base may be lost too");
}

#[test]
fn a_long_chain_of_renames_onto_a_taken_path_is_resolved_step_by_step() {
    const NUM_FILES: u32 = 5_000;
    let numbered = |number: u32, id: u32| {
        let mut one = file(&format!("lessons/{number}"), 1);
        one.hash[4..8].copy_from_slice(&id.to_be_bytes());
        FileState { lesson_id: Some(id.to_string()), ..one }
    };
    let base: Vec<FileState> = (0..NUM_FILES).map(|number| numbered(number, number)).collect();
    let shifted: Vec<FileState> = (0..NUM_FILES).map(|number| numbered(number + 1, number)).collect();
    let moves = ready(&shifted, &base, &base);
    assert_eq!(moves.actions.len(), NUM_FILES as usize);
    assert_eq!(apply(&shifted, &base, &moves).len(), NUM_FILES as usize);
    let mut database = base.clone();
    database.push(numbered(NUM_FILES, NUM_FILES));
    let changes = ready(&shifted, &base, &database);
    assert_eq!((changes.actions.len(), changes.conflicts.len()), (0, NUM_FILES as usize));
}

#[test]
fn a_person_decides_which_side_wins() {
    let base = [file("a", 1), file("b", 1), file("c", 1), file("d", 1), file("e", 1), file("f", 1)];
    // a: both changed. b, f: only the database removed them. c: only the database changed it. d: removed and changed.
    // e: changed and removed. g, h: only the database has them.
    let folder = [file("a", 2), file("b", 1), file("c", 1), file("e", 2), file("f", 1)];
    let database = [file("a", 3), file("c", 3), file("d", 3), file("g", 3), file("h", 1)];
    let decided = |side, paths: &[&str]| {
        let keep = Keep { side, paths: paths.iter().map(|text| path(text)).collect(), seen: None };
        let changes = keeping(Some(&keep), &folder, &base, &database);
        let before = ready(&folder, &base, &database);
        let conflicts = before.conflicts.iter().filter(|one| keep.decides_conflict(one)).count();
        let remote = before.remote.iter().filter(|one| keep.decides_change(one)).count();
        (shown(&changes), conflicts, remote)
    };
    let (all, ..) = decided(Side::Database, &[]);
    assert_eq!(
        all,
        [
            "conflict a: both_changed",
            "conflict d: removed_and_changed",
            "conflict e: changed_and_removed",
            "remote b: removed",
            "remote c: changed",
            "remote f: removed",
            "remote g: added",
            "remote h: added",
        ]
    );
    let (of_folder, conflicts, remote) = decided(Side::Folder, &[]);
    assert_eq!((conflicts, remote), (3, 2));
    assert_eq!(
        of_folder,
        [
            "remove d",
            "update a",
            "add b",
            "add e",
            "add f",
            "remote c: changed",
            "remote g: added",
            "remote h: added"
        ]
    );
    let (_, conflicts, remote) = decided(Side::Database, &[]);
    assert_eq!((conflicts, remote), (3, 3));
    let (named, conflicts, remote) = decided(Side::Folder, &["c", "g"]);
    assert_eq!((conflicts, remote), (0, 2));
    assert_eq!(named[..2], ["remove g", "update c"]);
    assert_eq!(decided(Side::Database, &["b", "e"]).1, 1);
}

#[test]
fn an_empty_folder_that_was_never_synced_lacks_what_the_database_has() {
    let stored = files(0..3);
    let sides = Sides { folder: Some(&[]), base: &[], database: &stored };
    let Plan::Refused(refused) = plan(sides, &GuardSettings::default()) else { panic!("it is refused") };
    assert_eq!((refused.reason, refused.num_known, refused.gone.len()), (RefusalReason::FolderEmpty, 3, 3));
}
