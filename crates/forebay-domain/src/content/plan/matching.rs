//! Which file of one side is which file of another one.

use std::collections::BTreeMap;

use super::state::FileState;

/// Pairs of places in `old` and `new`: each file occurs at most once.
///
/// Steps: equal lesson id, equal path, paths that differ only by case, equal content. Each step pairs only files that
/// are the only ones left with that property on their side. Files with different ids are never the same file.
pub(super) fn pairs(old: &[&FileState], new: &[&FileState]) -> Vec<(usize, usize)> {
    let mut matching =
        Matching { old, new, taken: (vec![false; old.len()], vec![false; new.len()]), pairs: Vec::new() };
    matching.step(|file| file.lesson_id.clone());
    // A base may have two files at one path: one of them moved, and is in conflict since then.
    matching.step(|file| Some((file.path.clone(), file.lesson_id.clone())));
    matching.step(|file| Some(file.path.clone()));
    matching.step(|file| Some(file.path.fold()));
    // All empty files are alike, which proves nothing.
    matching.step(|file| (file.size > 0).then_some(file.hash));
    matching.pairs
}

struct Matching<'a> {
    old: &'a [&'a FileState],
    new: &'a [&'a FileState],
    /// Which files of either side are already in a pair.
    taken: (Vec<bool>, Vec<bool>),
    pairs: Vec<(usize, usize)>,
}

impl Matching<'_> {
    fn step<K: Ord>(&mut self, key: impl Fn(&FileState) -> Option<K>) {
        let old = only_ones(self.old, &self.taken.0, &key);
        for (key, place) in only_ones(self.new, &self.taken.1, &key) {
            let (Some(new), Some(Some(old))) = (place, old.get(&key)) else { continue };
            let have_different_ids = matches!(
                (&self.old[*old].lesson_id, &self.new[new].lesson_id), (Some(old), Some(new)) if old != new
            );
            if !have_different_ids {
                (self.taken.0[*old], self.taken.1[new]) = (true, true);
                self.pairs.push((*old, new));
            }
        }
    }
}

/// The places of free files by key; None for a key that several of them have.
fn only_ones<K: Ord>(
    files: &[&FileState],
    taken: &[bool],
    key: impl Fn(&FileState) -> Option<K>,
) -> BTreeMap<K, Option<usize>> {
    let mut places: BTreeMap<K, Option<usize>> = BTreeMap::new();
    for (place, file) in files.iter().enumerate().filter(|(place, _)| !taken[*place]) {
        if let Some(key) = key(file) {
            places.entry(key).and_modify(|place| *place = None).or_insert(Some(place));
        }
    }
    places
}
