//! Generated courses: the tables that are kept equal to the references of a course's files, and what is measured about
//! courses.
//!
//! A course is a source; each of its files is a reference. [`project`] runs in the transaction that writes references
//! and writes the content tables from their payloads. Rows that are equal are not written. [`differences`] finds the
//! rows that differ all the same, because somebody else edited them or the database refused them, and [`repair`] writes
//! them.

mod course;
mod details;
mod differences;
mod files;
mod measures;
mod own_tables;
mod pieces;
mod project;
mod projection;
mod refused;
mod search;
mod versions;

pub use course::{Course, LastRun, of_source};
pub use details::{
    COURSE_LESSONS, CourseDetails, CourseMetadata, Measurement, Research, StoredLesson, details, find_lesson,
};
pub use differences::{RowDifference, RowState, differences};
pub use files::{FILES, StoredFile, files, withheld_removals};
pub use measures::{
    Approval, LessonMeasures, Measured, MeasuredLesson, approvals, approve, measure_written,
    record_performance, set_status, update_lessons, update_voice_fidelity,
};
pub use own_tables::{OwnStatements, TableDifference};
pub use pieces::{Piece, PieceSpec, PieceSummary, declare, find, list};
pub use project::{project, repair};
pub use refused::{Projected, RefusedRow};
pub use search::{FoundLesson, SEARCH, SearchFilter, search};
pub use versions::{DIFF, FilePair, TaggedVersion, WITH_BYTES, diff, first_version, tag, tags, with_bytes};
