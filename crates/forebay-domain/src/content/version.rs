//! Versions of a course: a tag names one time; between two times, files were added, changed, moved and removed.

use std::fmt;

use jiff::Timestamp;

/// The longest tag in bytes.
const MAX_BYTES: usize = 63;

crate::words! {
    /// How a file of a course differs between two times.
    pub enum FileChangeKind {
        /// It exists at the second time only.
        Added = "added",
        /// It has other content.
        Changed = "changed",
        /// It has another path, and maybe other content.
        Moved = "moved",
        /// It exists at the first time only.
        Removed = "removed",
    }
}

/// The name of a version, such as `v1`. It begins with a letter, so it is never mistaken for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Checks a tag. The error says what a tag looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if text.len() <= MAX_BYTES
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(is_inner)
        {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "a tag is a letter, then letters, digits, `.`, `_` and `-`, at most {MAX_BYTES} in all, such as v1.0"
        ))
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A state of a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// At the time that a tag names.
    Tagged(Tag),
    /// At a time.
    At(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_begins_with_a_letter() {
        for text in ["v1", "V1.0-rc.2", "a", "draft_3", &"x".repeat(63)] {
            assert_eq!(Tag::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "1.0", "2026-01-01", "-v1", ".v1", "v 1", "v/1", "vé", "v\n", &"x".repeat(64)] {
            assert!(Tag::parse(text).is_err(), "{text:?}");
        }
    }
}
