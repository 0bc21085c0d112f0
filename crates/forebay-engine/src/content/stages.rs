//! The stages of a course: each checks what a generator made, and stores what it found.
//!
//! A stage reads the folder, never the database, so it gives the same answer without one. What it finds wrong is part
//! of its answer; an error means that the stage could not look.

mod brief;
mod curriculum;
mod files;
mod json_lines;
mod lessons;
mod research;
mod validation;
mod voice;

pub use brief::{BriefReport, check_brief};
pub use curriculum::{ApprovalReport, CurriculumCheck, approve_curriculum, check_curriculum};
pub use json_lines::{LessonLines, RefusedLine, persist_lines};
pub use lessons::{FolderLessons, persist_lessons};
pub use research::{CheckedReport, ResearchReport, check_research};
pub use validation::{ValidatedLesson, ValidationReport, validate_lessons};
pub use voice::record_voice;
