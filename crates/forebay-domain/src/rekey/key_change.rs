//! How keys changed: a prefix or suffix was stripped, added or replaced. Learnt from certain pairs.

use std::{collections::HashMap, fmt};

/// A change needs at least this many pairs.
const MIN_VOTES: usize = 3;

/// A change needs at least one in this many pairs. A source may have several kinds of keys, each with its own change.
const MAX_KINDS: usize = 4;

/// A longer affix is probably the key itself.
const MAX_AFFIX_BYTES: usize = 64;

/// A change at one end of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyChange {
    /// The beginning of the key changed.
    Prefix {
        /// The old prefix; empty if one was added.
        old: String,
        /// The new prefix; empty if one was stripped.
        new: String,
    },
    /// The end of the key changed.
    Suffix {
        /// The old suffix; empty if one was added.
        old: String,
        /// The new suffix; empty if one was stripped.
        new: String,
    },
}

impl KeyChange {
    /// The new key for an old key; `None` if the change does not apply to it.
    pub fn apply(&self, key: &str) -> Option<String> {
        match self {
            Self::Prefix { old, new } => {
                let rest = key.strip_prefix(old.as_str()).filter(|rest| !rest.is_empty())?;
                Some(format!("{new}{rest}"))
            }
            Self::Suffix { old, new } => {
                let rest = key.strip_suffix(old.as_str()).filter(|rest| !rest.is_empty())?;
                Some(format!("{rest}{new}"))
            }
        }
    }

    /// The smallest prefix change from one key to the other.
    fn of_prefix(old: &str, new: &str) -> Option<Self> {
        let pairs = old.char_indices().rev().zip(new.char_indices().rev());
        let (from, to) = pairs.take_while(|((_, a), (_, b))| a == b).map(|((i, _), (j, _))| (i, j)).last()?;
        let is_short = from.max(to) <= MAX_AFFIX_BYTES && from + to > 0;
        is_short.then(|| Self::Prefix { old: old[..from].to_owned(), new: new[..to].to_owned() })
    }

    /// The smallest suffix change from one key to the other.
    fn of_suffix(old: &str, new: &str) -> Option<Self> {
        let common: usize =
            old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let (old, new) = (&old[common..], &new[common..]);
        let is_short = old.len().max(new.len()) <= MAX_AFFIX_BYTES && old.len() + new.len() > 0;
        (common > 0 && is_short).then(|| Self::Suffix { old: old.to_owned(), new: new.to_owned() })
    }
}

impl fmt::Display for KeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, old, new) = match self {
            Self::Prefix { old, new } => ("prefix", old, new),
            Self::Suffix { old, new } => ("suffix", old, new),
        };
        match (old.is_empty(), new.is_empty()) {
            (_, true) => write!(f, "{place} {old:?} stripped"),
            (true, false) => write!(f, "{place} {new:?} added"),
            (false, false) => write!(f, "{place} {old:?} replaced by {new:?}"),
        }
    }
}

/// The changes that many pairs (old key, new key) follow, most frequent first.
pub(super) fn learn<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<KeyChange> {
    let mut votes: HashMap<KeyChange, usize> = HashMap::new();
    let mut num_pairs = 0;
    for (old, new) in pairs {
        num_pairs += 1;
        for change in [KeyChange::of_prefix(old, new), KeyChange::of_suffix(old, new)].into_iter().flatten() {
            *votes.entry(change).or_default() += 1;
        }
    }
    let mut learnt: Vec<(KeyChange, usize)> = votes
        .into_iter()
        .filter(|(_, votes)| *votes >= MIN_VOTES && *votes * MAX_KINDS >= num_pairs)
        .collect();
    learnt.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    learnt.into_iter().map(|(change, _)| change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(old: &str, new: &str) -> KeyChange {
        KeyChange::Prefix { old: old.into(), new: new.into() }
    }

    fn suffix(old: &str, new: &str) -> KeyChange {
        KeyChange::Suffix { old: old.into(), new: new.into() }
    }

    #[test]
    fn stripped_added_and_replaced_affixes_are_learnt() {
        let cases = [
            (["bk:a", "bk:b", "bk:é"], ["a", "b", "é"], prefix("bk:", ""), "prefix \"bk:\" stripped"),
            (["a", "b", "é"], ["bk:a", "bk:b", "bk:é"], prefix("", "bk:"), "prefix \"bk:\" added"),
            (
                ["v1/a", "v1/b", "v1/c"],
                ["v2/a", "v2/b", "v2/c"],
                prefix("v1", "v2"),
                "prefix \"v1\" replaced by \"v2\"",
            ),
            (
                ["a.html", "b.html", "c.html"],
                ["a", "b", "c"],
                suffix(".html", ""),
                "suffix \".html\" stripped",
            ),
        ];
        for (old, new, expected, text) in cases {
            let learnt = learn(old.into_iter().zip(new));
            assert_eq!(learnt, [expected]);
            assert_eq!(learnt[0].to_string(), text);
            for (old, new) in old.iter().zip(new) {
                assert_eq!(learnt[0].apply(old).as_deref(), Some(new));
            }
        }
    }

    #[test]
    fn nothing_is_learnt_from_unrelated_keys() {
        let old = ["17", "94", "35", "60"];
        let new = ["x1", "q8", "m5", "p2"];
        assert_eq!(learn(old.into_iter().zip(new)), []);
        assert_eq!(prefix("bk:", "").apply("bk:"), None);
        assert_eq!(prefix("bk:", "").apply("other"), None);
    }
}
