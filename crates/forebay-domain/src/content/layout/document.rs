//! The documents of a course: files of which it has one each.

use crate::content::ResearchKind;

/// A file of which a course has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Document {
    /// The brief.
    Brief,
    /// The outline.
    Outline,
    /// The curriculum.
    Curriculum,
    /// A report of the market research.
    Research(ResearchKind),
}
