//! Paths of one course that some file system cannot hold together.
//!
//! Linux stores `Intro.md` and `intro.md` side by side; Windows and macOS keep only one of them, without a warning.
//! So all paths of such a group are refused together: choosing one of them would be a guess.

use std::collections::{BTreeMap, BTreeSet};

use super::{fold::FoldKey, relative::RelativePath};
use crate::content::{Problem, ProblemCode};

/// Two or more paths with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The key.
    pub key: FoldKey,
    /// The paths of files with this key, and of files in a folder with this key if a file has it too; sorted.
    pub paths: Vec<RelativePath>,
}

impl Collision {
    /// One error for each path. Each names another path of the group.
    pub fn problems(&self) -> impl Iterator<Item = Problem> {
        self.paths.iter().enumerate().map(|(index, path)| {
            let other = &self.paths[usize::from(index == 0)];
            let message =
                format!("this path and `{other}` are the same file where case or Unicode form is ignored");
            Problem::error(ProblemCode::PathCollision, path.as_str(), message)
                .hint("Rename one of them; none of them is stored until then")
        })
    }
}

/// The groups of paths that collide, ordered by key. A path that is given twice does not collide with itself.
///
/// Paths collide if their keys are equal, or if one file has the key of a folder of another (`notes` and
/// `Notes/a.md`). Folders that differ only by case are no collision while the files in them have different names.
pub fn collisions<'a>(paths: impl IntoIterator<Item = &'a RelativePath>) -> Vec<Collision> {
    let mut files: BTreeMap<FoldKey, BTreeSet<&RelativePath>> = BTreeMap::new();
    for path in paths {
        files.entry(path.fold()).or_default().insert(path);
    }
    let mut under: BTreeMap<FoldKey, BTreeSet<&RelativePath>> = BTreeMap::new();
    for path in files.values().flatten() {
        for folder in path.ancestors().map(FoldKey::of).filter(|folder| files.contains_key(folder)) {
            under.entry(folder).or_default().insert(path);
        }
    }
    let mut collisions = Vec::new();
    for (key, mut paths) in files {
        paths.extend(under.remove(&key).into_iter().flatten());
        if paths.len() > 1 {
            collisions.push(Collision { key, paths: paths.into_iter().cloned().collect() });
        }
    }
    collisions
}

/// Whether a rename changes only case or Unicode form. File systems that ignore those do it in one step or not at
/// all, so it is one operation and never a removal and an addition.
pub fn is_case_only_rename(from: &RelativePath, to: &RelativePath) -> bool {
    from != to && from.fold() == to.fold()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths(paths: &[&str]) -> Vec<RelativePath> {
        paths.iter().map(|path| RelativePath::parse(path).unwrap()).collect()
    }

    fn groups(given: &[&str]) -> Vec<Vec<String>> {
        let found = collisions(&paths(given));
        found.iter().map(|group| group.paths.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn all_paths_of_a_group_are_named() {
        let given = ["b.md", "Caf\u{e9}.md", "cafe\u{301}.md", "CAF\u{c9}.md", "B.md", "c.md", "c.md"];
        let found = groups(&given);
        assert_eq!(found, [vec!["B.md", "b.md"], vec!["CAF\u{c9}.md", "Caf\u{e9}.md", "cafe\u{301}.md"]]);
        let problems: Vec<Problem> = collisions(&paths(&given))[0].problems().collect();
        assert_eq!(problems.len(), 2);
        assert_eq!((problems[0].code, problems[0].path.as_str()), (ProblemCode::PathCollision, "B.md"));
        assert!(problems[0].message.contains("`b.md`") && problems[1].message.contains("`B.md`"));
    }

    #[test]
    fn a_file_and_a_folder_collide() {
        assert_eq!(
            groups(&["notes", "Notes/a.md", "notes/b/c.md"]),
            [["Notes/a.md", "notes", "notes/b/c.md"]]
        );
        assert_eq!(groups(&["Notes/a.md", "notes/b.md"]), [[""; 0]; 0]);
    }

    #[test]
    fn a_case_only_rename_changes_something() {
        let [lower, upper, other] = &paths(&["a/b.md", "A/b.md", "a/c.md"])[..] else { unreachable!() };
        assert!(is_case_only_rename(lower, upper) && is_case_only_rename(upper, lower));
        assert!(!is_case_only_rename(lower, lower) && !is_case_only_rename(lower, other));
    }

    proptest! {
        #[test]
        fn after_removing_one_side_nothing_collides(names in prop::collection::vec("[aAbBéÉ]{1,2}(/[aA])?", 0..12)) {
            let paths: Vec<RelativePath> = names.iter().map(|name| RelativePath::parse(name).unwrap()).collect();
            let found = collisions(&paths);
            let refused: BTreeSet<&RelativePath> = found.iter().flat_map(|group| &group.paths).collect();
            let rest: Vec<&RelativePath> = paths.iter().filter(|path| !refused.contains(path)).collect();
            prop_assert_eq!(collisions(rest), []);
            let mut reversed = paths.clone();
            reversed.reverse();
            prop_assert_eq!(collisions(&reversed), found);
        }
    }
}
