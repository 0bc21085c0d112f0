//! Generated courses: how their files are read and checked, without touching a disk.
//!
//! A course is a folder of text files that a program writes. Every function here takes bytes or text and returns typed
//! values and [`Problem`]s with their line. Bytes are the truth: what is parsed from them never replaces them.

pub mod bloom;
pub mod brief;
pub mod curriculum;
mod duration;
pub mod file_text;
mod fold;
pub mod front_matter;
pub mod layout;
pub mod lesson;
mod lines;
pub mod markdown;
pub mod own_tables;
pub mod passage;
pub mod paths;
pub mod plan;
pub mod problem;
pub mod quality;
pub mod research;
pub mod version;
pub mod words;
pub mod yaml;

pub use problem::{Problem, ProblemCode, Severity};
pub use words::{ContentStatus, CourseType, PersistMode, ResearchKind, ValidationStatus};
