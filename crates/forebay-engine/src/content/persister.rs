//! Dual-writing: everything that a generator makes is written to the folder first, then to the database.
//!
//! The files are what counts. A database that fails costs a warning and a count, never the call: what it missed is
//! found again when the folder is compared with it, by the next call or by `sync`.

mod details;
mod facts;
mod input;
mod measures;
mod outcome;
mod parts;
mod placing;
mod stages;
mod writer;

pub use input::{CourseInput, LessonInput, LessonPlace};
pub use outcome::{Closed, Fetched, PersistCounts, Persisted, Written};
pub use placing::RefusedLesson;
pub(super) use placing::check_voice;
pub use writer::CoursePersister;
