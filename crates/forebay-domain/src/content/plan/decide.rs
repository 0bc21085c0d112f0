//! What to do with each file, from its three states.

use super::{
    action::{Action, Changes, Conflict, MatchedBy, RemoteChange},
    blocked::Blocked,
    keep::Keep,
    state::{FileState, Sides},
    taken::give_up_taken,
    track::{Fate, Track, fate, tracks},
};

/// A plan before its guard, and the files of the base that only the folder lost.
#[derive(Debug)]
pub(super) struct Decided<'a> {
    pub(super) changes: Changes,
    pub(super) gone: Vec<&'a FileState>,
}

/// Compares the sides. A missing folder counts as an empty one.
pub(super) fn decide<'a>(sides: Sides<'a>, keep: Option<&Keep>) -> Decided<'a> {
    let mut problems = Vec::new();
    let (mut folder, base, mut database) =
        (sorted(sides.folder.unwrap_or_default()), sorted(sides.base), sorted(sides.database));
    for files in [&mut folder, &mut database] {
        files.dedup_by(|one, other| one.path == other.path);
    }
    let mut blocked = Blocked::default();
    // The base may hold two files at one path, but each of them has its own id.
    for (files, name) in
        [(&folder, "in the folder"), (&database, "in the database"), (&base, "in the last sync")]
    {
        blocked.add_doubled_ids(files, name, &mut problems);
    }
    for files in [&folder, &database] {
        blocked.add_collisions(files, &mut problems);
    }
    blocked.spread([&folder, &base, &database]);
    let is_blocked = |file: &&&FileState| blocked.holds(file);
    let blocked_base: Vec<&FileState> = base.iter().filter(is_blocked).copied().collect();
    let blocked_database: Vec<&FileState> = database.iter().filter(is_blocked).copied().collect();
    let free = |files: Vec<&'a FileState>| -> Vec<&'a FileState> {
        files.into_iter().filter(|file| !blocked.holds(file)).collect()
    };
    let tracks = tracks(&free(folder), &free(base), &free(database));
    let fate_of = |track| match keep {
        Some(keep) => keep.overrule(track, fate(track)),
        None => fate(track),
    };
    let mut fates: Vec<Fate> = tracks.iter().map(fate_of).collect();
    give_up_taken(&tracks, &mut fates, &blocked_database);

    let mut changes = Changes { problems, ..Changes::default() };
    changes.base.extend(blocked_base.into_iter().cloned());
    let mut gone = Vec::new();
    for (track, fate) in tracks.iter().zip(fates) {
        record(track, fate, &mut changes);
        if let (Some(base), None, Some(_)) = (track.base, track.folder, track.database) {
            gone.push(base);
        }
    }
    changes.actions.sort_by(|one, other| (one.rank(), one.path()).cmp(&(other.rank(), other.path())));
    changes.unchanged.sort();
    changes
        .conflicts
        .sort_by(|one, other| (&one.path, &one.database_path).cmp(&(&other.path, &other.database_path)));
    changes.remote.sort_by(|one, other| one.path.cmp(&other.path));
    changes.problems.sort_by(|one, other| {
        (&one.path, one.code, &one.message).cmp(&(&other.path, other.code, &other.message))
    });
    // Both sides may have the same problem.
    changes.problems.dedup();
    changes.base.sort();
    gone.sort();
    Decided { changes, gone }
}

/// The files in an order that does not depend on the input, each once.
fn sorted(files: &[FileState]) -> Vec<&FileState> {
    let mut sorted: Vec<&FileState> = files.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted
}

/// Adds the fate of a track to the changes.
fn record(track: &Track<'_>, fate: Fate, changes: &mut Changes) {
    // Only the folder's state is the new base where both sides agree, or will.
    changes.base.extend(match fate {
        Fate::Settled | Fate::Follow => track.folder.cloned(),
        Fate::Remote(_) | Fate::Conflict(_) => track.base.cloned(),
    });
    let path = track.folder.or(track.database).map(|file| file.path.clone());
    let Some(path) = path else { return };
    match fate {
        Fate::Settled => changes.unchanged.push(path),
        Fate::Follow => follow(track, &mut changes.actions),
        Fate::Remote(kind) => {
            let in_folder = track.folder.map(|file| file.path.clone());
            let path = track.database.map_or(path, |file| file.path.clone());
            let folder_path = in_folder.filter(|other| *other != path);
            changes.remote.push(RemoteChange { path, folder_path, kind });
        }
        Fate::Conflict(kind) => {
            let database_path = track.database.map(|file| file.path.clone()).filter(|other| *other != path);
            let is_line_endings_only = match (track.folder, track.database) {
                (Some(folder), Some(database)) => folder.differs_in_line_endings_only(database),
                _ => false,
            };
            changes.conflicts.push(Conflict { path, database_path, kind, is_line_endings_only });
        }
    }
}

fn follow(track: &Track<'_>, actions: &mut Vec<Action>) {
    match (track.folder, track.database) {
        (Some(folder), Some(database)) => {
            let path = folder.path.clone();
            if path != database.path {
                let matched_by = matched_by(folder, database);
                actions.push(Action::Move { from: database.path.clone(), to: path.clone(), matched_by });
            }
            if folder.hash != database.hash {
                let is_line_endings_only = folder.differs_in_line_endings_only(database);
                actions.push(Action::Update { path, is_line_endings_only });
            }
        }
        (Some(folder), None) => actions.push(Action::Add { path: folder.path.clone() }),
        (None, Some(database)) => actions.push(Action::Remove { path: database.path.clone() }),
        (None, None) => {}
    }
}

/// Why a file of the folder is the same one as that of the database, whose path differs.
fn matched_by(folder: &FileState, database: &FileState) -> MatchedBy {
    if folder.path.fold() == database.path.fold() {
        MatchedBy::CaseOnly
    } else if folder.lesson_id.is_some() && folder.lesson_id == database.lesson_id {
        MatchedBy::Id
    } else {
        MatchedBy::Content
    }
}
