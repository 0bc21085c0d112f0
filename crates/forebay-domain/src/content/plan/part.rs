//! The base after a plan that was applied only in part, because guards withheld some of its changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    action::{Action, Changes},
    state::FileState,
};
use crate::content::paths::RelativePath;

impl Changes {
    /// The base for the next plan after some of the actions were applied, by path. A withheld action leaves the state
    /// of the database in the base, so the next plan has the same action again. Without that, a file that guards keep
    /// in the database would look like a conflict.
    ///
    /// `folder` and `before` are the sides that were compared, `now` is the database after the run.
    pub fn base_after_part(
        &self,
        folder: &[FileState],
        before: &[FileState],
        now: &[FileState],
    ) -> Vec<FileState> {
        let (folder, before, now) = (by_path(folder), by_path(before), by_path(now));
        let is_stored = |file: &FileState| now.get(&file.path).is_some_and(|stored| stored.is_same(file));
        let mut base: BTreeSet<&FileState> = self.base.iter().collect();
        for action in &self.actions {
            if let Some(wanted) = folder.get(action.path()).filter(|wanted| !is_stored(wanted)) {
                base.remove(wanted);
            }
            let old = self.path_before(action).and_then(|path| before.get(path));
            base.extend(old.filter(|old| is_stored(old)));
        }
        base.into_iter().cloned().collect()
    }

    /// The path in the database before the actions.
    fn path_before<'a>(&'a self, action: &'a Action) -> Option<&'a RelativePath> {
        match action {
            Action::Remove { path } => Some(path),
            Action::Move { from, .. } => Some(from),
            Action::Update { path, .. } => {
                let moved = self.actions.iter().find_map(|other| match other {
                    Action::Move { from, to, .. } if to == path => Some(from),
                    _ => None,
                });
                Some(moved.unwrap_or(path))
            }
            Action::Add { .. } => None,
        }
    }
}

fn by_path(files: &[FileState]) -> BTreeMap<&RelativePath, &FileState> {
    files.iter().map(|file| (&file.path, file)).collect()
}
