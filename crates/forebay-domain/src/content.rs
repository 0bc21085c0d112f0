//! Generated courses: how their files are read and checked, without touching a disk.
//!
//! A course is a folder of text files that a program writes. Every function here takes bytes or text and returns typed
//! values and [`Problem`]s with their line. Bytes are the truth: what is parsed from them never replaces them.

pub mod problem;

pub use problem::{Problem, ProblemCode, Severity};
