//! Numbers that belong to lessons of the database which a sync leaves as they are.
//!
//! A course has one lesson for each number. If the folder gives such a number to another lesson, that one waits until
//! somebody corrects the folder, and the rest of the course is stored.

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::content::{
    Problem, ProblemCode,
    paths::RelativePath,
    plan::{Action, Changes},
};

use super::{sides::Known, snapshot::Snapshot};

/// Blocks lessons of the folder whose numbers are taken, and the files that they are in the database. Returns whether
/// there are any: then the sides must be compared again.
pub(super) fn block_taken(snapshot: &mut Snapshot, known: &Known, changes: &Changes) -> bool {
    let left_alone = changes.left_alone();
    let origins: BTreeMap<&RelativePath, &RelativePath> = changes
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::Move { from, to, .. } => Some((to, from)),
            _ => None,
        })
        .collect();
    let origin = |path| origins.get(path).copied().unwrap_or(path);
    let mut lessons: BTreeMap<&RelativePath, (u32, u32)> = snapshot
        .files
        .iter()
        .filter(|(path, _)| !left_alone.contains(*path))
        .filter_map(|(path, file)| Some((path, file.number?)))
        .collect();
    let mut released: BTreeSet<&RelativePath> = lessons.keys().map(|path| origin(path)).collect();
    released.extend(changes.actions.iter().filter_map(|action| match action {
        Action::Remove { path } => Some(path),
        _ => None,
    }));
    let mut staying: BTreeMap<(u32, u32), &RelativePath> = known
        .files
        .iter()
        .filter(|(path, _)| !released.contains(path))
        .filter_map(|(path, file)| Some((file.number?, path)))
        .collect();
    let mut blocked = Vec::new();
    loop {
        let clash =
            lessons.iter().find_map(|(path, number)| Some((*path, *number, (*staying.get(number)?).clone())));
        let Some((path, (module, lesson), owner)) = clash else { break };
        lessons.remove(path);
        // It stays in the database as it is, so it keeps the number that it has there.
        let before = origin(path);
        if let Some((before, number)) =
            known.files.get_key_value(before).and_then(|(at, file)| Some((at, file.number?)))
        {
            staying.insert(number, before);
        }
        let message = format!("the number {module}.{lesson} belongs to {owner}, which stays in the database");
        let problem = Problem::error(ProblemCode::DuplicateNumber, path.as_str(), message);
        blocked.push((path.clone(), before.clone(), problem.hint("give one of them another number")));
    }
    let has_blocked = !blocked.is_empty();
    for (path, before, problem) in blocked {
        snapshot.files.remove(&path);
        snapshot.blocked.extend([path, before]);
        snapshot.problems.push(problem);
    }
    has_blocked
}
