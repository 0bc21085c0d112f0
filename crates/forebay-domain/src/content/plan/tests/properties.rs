//! What holds for any three sides: plans converge, lose nothing, and do not depend on the order of their input.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::{apply, file, keeping, lesson, ready};
use crate::content::{
    paths::collisions,
    plan::{Action, Changes, ConflictKind, FileState, Keep, RemoteKind, Side, base_as_intended, intended},
};

/// Files from few paths, ids and bodies, so that every kind of match, swap and collision occurs.
fn sides() -> impl Strategy<Value = Vec<FileState>> {
    let path = prop::sample::select(vec!["a", "b", "c", "d", "A", "s/a", "s/b", "s"]);
    let id = prop::sample::select(vec!["", "", "x", "y", "z", "w"]);
    let one = (path, id, 0_u8..4, prop::bool::weighted(0.2)).prop_map(|(path, id, body, is_crlf)| {
        let mut one = if id.is_empty() { file(path, body) } else { lesson(path, id, body) };
        one.hash[2] = u8::from(is_crlf && body > 0);
        one
    });
    prop::collection::vec(one, 0..7).prop_map(|files| {
        let by_path: BTreeMap<_, _> = files.into_iter().map(|file| (file.path.clone(), file)).collect();
        by_path.into_values().collect()
    })
}

/// A side after a few edits.
fn edited(files: Vec<FileState>) -> impl Strategy<Value = Vec<FileState>> {
    let num_files = files.len();
    (sides(), prop::collection::vec(any::<bool>(), num_files)).prop_map(move |(others, is_kept)| {
        let kept = files.iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(file, _)| file.clone());
        let all = others.into_iter().take(2).chain(kept).map(|file| (file.path.clone(), file));
        all.collect::<BTreeMap<_, _>>().into_values().collect()
    })
}

/// Folder, base and database: unrelated, or both made from the base by a few edits.
fn triples() -> impl Strategy<Value = (Vec<FileState>, Vec<FileState>, Vec<FileState>)> {
    let related = sides().prop_flat_map(|base| (edited(base.clone()), Just(base.clone()), edited(base)));
    prop_oneof![(sides(), sides(), sides()), related]
}

/// Whether paths and ids of a side are each unique.
fn is_sound(files: &[FileState]) -> bool {
    let mut ids: Vec<&String> = files.iter().filter_map(|file| file.lesson_id.as_ref()).collect();
    ids.sort();
    ids.windows(2).all(|pair| pair[0] != pair[1])
        && collisions(files.iter().map(|file| &file.path)).is_empty()
}

fn has(files: &[FileState], file: &FileState) -> bool {
    files.iter().any(|other| other.is_same(file))
}

fn reported(changes: &Changes, file: &FileState) -> bool {
    changes.conflicts.iter().any(|conflict| conflict.path == file.path)
        || changes.problems.iter().any(|problem| problem.path == file.path.as_str())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn applying_a_plan_makes_both_sides_equal((folder, base, database) in triples()) {
        let changes = ready(&folder, &base, &database);
        let after = apply(&folder, &database, &changes);
        let num_left = changes.conflicts.len() + changes.remote.len() + changes.problems.len();
        if num_left == 0 {
            prop_assert_eq!(&after, &folder);
            prop_assert_eq!(&changes.base, &folder);
        }
        if is_sound(&database) {
            prop_assert!(is_sound(&after), "{:?}", after);
        }
    }

    #[test]
    fn a_second_plan_has_nothing_to_do((folder, base, database) in triples()) {
        let first = ready(&folder, &base, &database);
        let after = apply(&folder, &database, &first);
        let second = ready(&folder, &first.base, &after);
        prop_assert_eq!(&second.actions, &[]);
        prop_assert_eq!(&second.problems, &first.problems);
        // What is left alone is reported again, until somebody decides.
        let num_left = first.conflicts.len() + first.remote.len() + first.problems.len();
        prop_assert!(second.is_clean() || num_left > 0);
    }

    #[test]
    fn a_plan_that_was_withheld_is_made_again((folder, base, database) in triples()) {
        let first = ready(&folder, &base, &database);
        let kept = first.base_after_part(&folder, &database, &database);
        let second = ready(&folder, &kept, &database);
        if first.conflicts.is_empty() && first.remote.is_empty() && first.problems.is_empty() {
            prop_assert!(second.conflicts.is_empty() && second.remote.is_empty(), "{:?}", second);
            prop_assert_eq!(&apply(&folder, &database, &second), &folder);
        }
        // What was applied as a whole leaves the base of the plan.
        let after = apply(&folder, &database, &first);
        prop_assert_eq!(first.base_after_part(&folder, &database, &after), first.base);
    }

    #[test]
    fn no_file_is_lost((folder, base, database) in triples()) {
        let changes = ready(&folder, &base, &database);
        let after = apply(&folder, &database, &changes);
        for row in &database {
            // A row may only change or go if the folder has seen this very state.
            prop_assert!(has(&after, row) || has(&base, row), "{row:?} is lost");
            let is_removed = changes.actions.contains(&Action::Remove { path: row.path.clone() });
            if let (true, Some(id)) = (is_removed, &row.lesson_id) {
                let is_in_folder = folder.iter().any(|file| file.lesson_id.as_ref() == Some(id));
                prop_assert!(!is_in_folder, "{row:?} is removed although it only moved");
            }
        }
        for file in &folder {
            // Each file of the folder is stored afterwards, or a report says why not.
            let is_older = has(&base, file) && !changes.remote.is_empty();
            let is_blocked = !changes.problems.is_empty();
            prop_assert!(has(&after, file) || reported(&changes, file) || is_older || is_blocked, "{file:?}");
        }
    }

    #[test]
    fn every_file_has_one_fate((folder, base, database) in triples()) {
        let changes = ready(&folder, &base, &database);
        let num_missing = |kind| changes.remote.iter().filter(|one| one.kind == kind).count();
        let num_gone = changes.conflicts.iter().filter(|one| one.kind == ConflictKind::RemovedAndChanged).count();
        let acted: BTreeSet<_> = changes.actions.iter()
            .filter(|action| !matches!(action, Action::Remove { .. })).map(Action::path).collect();
        let num_seen = changes.unchanged.len() + acted.len() + changes.conflicts.len() - num_gone
            + num_missing(RemoteKind::Changed) + num_missing(RemoteKind::Removed);
        prop_assert!(num_seen <= folder.len());
        if changes.problems.is_empty() {
            prop_assert_eq!(num_seen, folder.len());
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter((folder, base, database) in triples(), turn in 0_usize..7) {
        let turned = |files: &[FileState]| {
            let mut files = files.to_vec();
            files.reverse();
            let middle = turn.min(files.len());
            files.rotate_left(middle);
            files
        };
        let changes = ready(&folder, &base, &database);
        prop_assert_eq!(ready(&turned(&folder), &turned(&base), &turned(&database)), changes);
    }

    #[test]
    fn keeping_the_folder_everywhere_makes_both_sides_equal((folder, base, database) in triples()) {
        let paths = folder.iter().chain(&database).map(|file| file.path.clone()).collect();
        let keep = Keep { side: Side::Folder, paths, seen: None };
        let changes = keeping(Some(&keep), &folder, &base, &database);
        prop_assert_eq!(&changes.remote, &[]);
        let after = apply(&folder, &database, &changes);
        if changes.problems.is_empty() {
            prop_assert_eq!(&changes.conflicts, &[]);
            prop_assert_eq!(&after, &folder);
        }
    }

    #[test]
    fn keeping_the_database_changes_no_plan((folder, base, database) in triples()) {
        let keep = Keep { side: Side::Database, paths: BTreeSet::new(), seen: None };
        prop_assert_eq!(keeping(Some(&keep), &folder, &base, &database), ready(&folder, &base, &database));
    }

    /// A sync that was killed has stored all of what it intended or nothing, and another writer may have come first.
    #[test]
    fn a_base_is_what_both_sides_had_in_common_after_a_killed_sync((after, base, database) in triples()) {
        let intended = intended(&base, &after);
        let sorted = |files: &[FileState]| files.iter().cloned().collect::<BTreeSet<_>>();
        prop_assert_eq!(sorted(&base_as_intended(base.clone(), &intended, &base)), sorted(&base));
        prop_assert_eq!(sorted(&base_as_intended(base.clone(), &intended, &after)), sorted(&after));
        for file in base_as_intended(base.clone(), &intended, &database) {
            prop_assert!(has(&base, &file) || has(&after, &file) && has(&database, &file));
        }
    }
}
