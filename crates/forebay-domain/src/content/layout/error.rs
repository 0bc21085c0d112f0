//! What can be wrong with the settings of a layout.

use thiserror::Error;

use super::pattern::PatternError;

/// An error in `[content.layout]`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// A pattern cannot be read.
    #[error("content.layout.{setting}: `{pattern}`: {reason}")]
    Pattern {
        /// The setting.
        setting: &'static str,
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: PatternError,
    },
    /// A setting has a capture that only lessons and modules have.
    #[error("content.layout.{setting}: `{pattern}`: only `lessons` and `modules` have captures")]
    Capture {
        /// The setting.
        setting: &'static str,
        /// The pattern as given.
        pattern: String,
    },
    /// No pattern for lessons.
    #[error("content.layout.lessons is empty; give at least one pattern, or a preset")]
    NoLessons,
    /// Numbers come from file names, but no pattern captures them.
    #[error(
        "content.layout.numbers is `file_name`, but no pattern of content.layout.lessons has `{{lesson}}`"
    )]
    NoNumbers,
    /// More patterns than one setting may have.
    #[error("content.layout.{setting} has {num_patterns} patterns; the limit is {limit}")]
    TooManyPatterns {
        /// The setting.
        setting: &'static str,
        /// How many it has.
        num_patterns: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A name of a front matter field is empty.
    #[error("content.layout.fields.{field} is empty; leave it out to use the default")]
    EmptyField {
        /// The field.
        field: &'static str,
    },
}

impl LayoutError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pattern { .. } => "layout_pattern",
            Self::Capture { .. } => "layout_capture",
            Self::NoLessons => "layout_no_lessons",
            Self::NoNumbers => "layout_no_numbers",
            Self::TooManyPatterns { .. } => "layout_too_many_patterns",
            Self::EmptyField { .. } => "layout_empty_field",
        }
    }
}
