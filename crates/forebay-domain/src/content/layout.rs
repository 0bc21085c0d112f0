//! Layouts: which file of a course folder is what.
//!
//! A layout is a set of path patterns, one list for each role, and a rule for the numbers of modules and lessons.
//! Presets describe common folders; every setting of `[content.layout]` replaces one pattern list of its preset.
//!
//! A pattern is a path with wildcards and captures:
//!
//! | in a pattern | matches |
//! |---|---|
//! | `*` | any characters of one part, or none |
//! | `**` as a whole part | any number of folders, or none; at the end: everything below |
//! | `{module}`, `{lesson}` | a number, with leading zeros or without |
//! | `{slug}` | one or more characters of one part |
//! | anything else | itself, with the same case |
//!
//! `lessons/{module}.{lesson}-{slug}.md` matches `lessons/1.10-first-steps.md`: module 1, lesson 10, slug
//! `first-steps`. Matching takes time proportional to the length of pattern and path, whatever their text.

mod choice;
mod document;
mod docusaurus;
mod error;
mod mdbook;
mod natural;
mod numbering;
mod pattern;
mod preset;
mod roles;
mod settings;
mod suggest;

pub use choice::LayoutChoice;
pub use document::Document;
pub use docusaurus::Category;
pub use error::LayoutError;
pub use mdbook::{Chapter, Summary};
pub use natural::natural_order;
pub use numbering::{Candidate, LessonNumber, Listed, NumberedLesson, Numbering, number_lessons};
pub use pattern::{Captures, MAX_PATTERN_BYTES, Pattern, PatternError};
pub use preset::{Numbers, Preset};
pub use roles::{Layout, Role};
pub use settings::{Fields, LayoutSettings, ResearchPatterns};
pub use suggest::without_lessons;
