//! One execution for one source and scope: its counts, how it ended and why.
//!
//! States follow OpenLineage's START, COMPLETE, FAIL and ABORT, with two of Forebay's own: `partial` (done, but
//! some input was not readable) and `held` (done, waiting for an operator because a guard tripped).

use std::{fmt, str::FromStr};

use crate::field_path::FieldPath;

/// A run's results, counted in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read, good and bad.
    pub num_seen: u64,
    /// New references.
    pub num_added: u64,
    /// References that got a new version.
    pub num_updated: u64,
    /// References seen with unchanged content.
    pub num_unchanged: u64,
    /// References of the scope that a complete run did not see, now tombstones.
    pub num_removed: u64,
    /// Tombstones that came back.
    pub num_restored: u64,
    /// Records whose key this run had already seen.
    pub num_duplicate: u64,
    /// Records that could not be used; each is stored with its reason.
    pub num_rejected: u64,
}

impl Counts {
    /// References that a run changed.
    pub fn num_changed(&self) -> u64 {
        self.num_added + self.num_updated + self.num_removed + self.num_restored
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.num_seen += more.num_seen;
        self.num_added += more.num_added;
        self.num_updated += more.num_updated;
        self.num_unchanged += more.num_unchanged;
        self.num_removed += more.num_removed;
        self.num_restored += more.num_restored;
        self.num_duplicate += more.num_duplicate;
        self.num_rejected += more.num_rejected;
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(mut self, more: Self) -> Self {
        self += more;
        self
    }
}

crate::words! {
    /// The status of a run.
    pub enum RunStatus {
        /// In progress (OpenLineage START).
        Running = "running",
        /// Done (COMPLETE).
        Complete = "complete",
        /// Done, but part of the input was unreadable: no unseen record was removed.
        Partial = "partial",
        /// Done, and waiting for an operator because a guard tripped.
        Held = "held",
        /// Failed (FAIL); the writes of earlier batches stay.
        Failed = "failed",
        /// Its process died, or an operator rejected it (ABORT).
        Aborted = "aborted",
    }
}

/// How a run treats a record whose key it has already seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The first record counts; later ones are counted as duplicates.
    #[default]
    First,
    /// The last record counts.
    Last,
    /// Fields of later records override those of earlier ones.
    Merge,
    /// The first record counts; later ones are stored as rejected records.
    Reject,
    /// The record with the greatest value at this place counts, and of several the last one; see [`crate::newest`].
    Newest(FieldPath),
}

/// A text is no duplicate policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected first, last, merge, reject or newest_by=FIELD, such as newest_by=updated_at")]
pub struct OnDuplicateError;

/// The word before the field of [`OnDuplicate::Newest`].
const NEWEST_BY: &str = "newest_by=";

impl fmt::Display for OnDuplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Merge => f.write_str("merge"),
            Self::Reject => f.write_str("reject"),
            Self::Newest(field) => write!(f, "{NEWEST_BY}{}", field.as_str()),
        }
    }
}

impl FromStr for OnDuplicate {
    type Err = OnDuplicateError;

    fn from_str(text: &str) -> Result<Self, OnDuplicateError> {
        Ok(match text {
            "first" => Self::First,
            "last" => Self::Last,
            "merge" => Self::Merge,
            "reject" => Self::Reject,
            _ => {
                let field = text.strip_prefix(NEWEST_BY).and_then(|field| field.parse().ok());
                Self::Newest(field.ok_or(OnDuplicateError)?)
            }
        })
    }
}

impl OnDuplicate {
    /// The policy of a source that has chosen none. Singer targets write the messages of a tap in order, so the last
    /// record of a key wins.
    pub const fn default_for(is_tap: bool) -> Self {
        if is_tap { Self::Last } else { Self::First }
    }

    /// Whether the result for a key is known only at the end of the input.
    pub const fn needs_whole_input(&self) -> bool {
        matches!(self, Self::Last | Self::Merge | Self::Newest(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_policies_are_read_as_they_are_written() {
        for text in ["first", "last", "merge", "reject", "newest_by=updated_at", "newest_by=/meta/at"] {
            assert_eq!(text.parse::<OnDuplicate>().unwrap().to_string(), text);
        }
        for wrong in ["", "newest", "newest_by", "newest_by=", "newest_by=/~2", "First"] {
            assert_eq!(wrong.parse::<OnDuplicate>(), Err(OnDuplicateError), "{wrong}");
        }
    }
}
