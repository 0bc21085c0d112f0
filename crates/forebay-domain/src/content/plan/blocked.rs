//! Files that a plan leaves alone: their lesson ids are doubled, or their paths collide.
//!
//! Blocking works on all three sides. If two files of the folder have the id of a stored lesson, that lesson is neither
//! updated nor removed, because each of the two may be its successor. The same holds for whatever shares an id, a path
//! or its bytes with a file that is left alone: it may be the same file before or after a move.

use std::collections::{BTreeMap, BTreeSet};

use super::state::FileState;
use crate::content::{
    Problem, ProblemCode,
    paths::{FoldKey, RelativePath, collisions},
};

/// What to leave alone.
#[derive(Debug, Default)]
pub(super) struct Blocked {
    traits: BTreeSet<Trait>,
}

/// What two states of one file may share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trait {
    Id(String),
    Key(FoldKey),
    Hash([u8; 32]),
}

impl Blocked {
    /// Blocks files of one side with the same id. `name` is the side's name in messages.
    pub(super) fn add_doubled_ids(&mut self, files: &[&FileState], name: &str, problems: &mut Vec<Problem>) {
        let mut by_id: BTreeMap<&str, Vec<&FileState>> = BTreeMap::new();
        for file in files {
            if let Some(id) = &file.lesson_id {
                by_id.entry(id).or_default().push(file);
            }
        }
        by_id.retain(|_, files| files.len() > 1);
        for (id, files) in &by_id {
            for (index, file) in files.iter().enumerate() {
                let other = &files[usize::from(index == 0)].path;
                let message = format!("`{other}` {name} has the same lesson id `{}`", shortened(id));
                let problem = Problem::error(ProblemCode::DuplicateId, file.path.as_str(), message);
                problems.push(problem.hint("Give one of them another id; both are left alone until then"));
                self.block(file);
            }
        }
    }

    /// Blocks files of one side whose paths collide.
    pub(super) fn add_collisions(&mut self, files: &[&FileState], problems: &mut Vec<Problem>) {
        let collisions = collisions(files.iter().map(|file| &file.path));
        let by_path: BTreeMap<&RelativePath, &FileState> =
            files.iter().map(|file| (&file.path, *file)).collect();
        for collision in &collisions {
            problems.extend(collision.problems());
            for file in collision.paths.iter().filter_map(|path| by_path.get(path)) {
                self.block(file);
            }
        }
    }

    fn block(&mut self, file: &FileState) {
        self.traits.extend(traits(file));
    }

    /// Blocks what shares something with a file that is blocked, and so on. Takes one step for each trait.
    pub(super) fn spread(&mut self, sides: [&[&FileState]; 3]) {
        let mut sharing: BTreeMap<Trait, Vec<&FileState>> = BTreeMap::new();
        for file in sides.into_iter().flatten() {
            for shared in traits(file) {
                sharing.entry(shared).or_default().push(file);
            }
        }
        let mut open: Vec<Trait> = self.traits.iter().cloned().collect();
        while let Some(shared) = open.pop() {
            for file in sharing.remove(&shared).into_iter().flatten() {
                open.extend(traits(file).filter(|other| sharing.contains_key(other)));
                self.block(file);
            }
        }
    }

    /// Whether a file is left alone.
    pub(super) fn holds(&self, file: &FileState) -> bool {
        traits(file).any(|shared| self.traits.contains(&shared))
    }
}

/// What tells that another file may be the same one.
fn traits(file: &FileState) -> impl Iterator<Item = Trait> {
    let id = file.lesson_id.clone().map(Trait::Id);
    // All empty files are alike.
    let hash = (file.size > 0).then_some(Trait::Hash(file.hash));
    std::iter::once(Trait::Key(file.path.fold())).chain(id).chain(hash)
}

/// An id for people; ids come from files and may be long.
fn shortened(id: &str) -> String {
    id.chars().take(80).collect::<String>().escape_debug().to_string()
}
