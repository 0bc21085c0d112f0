//! Generated courses: a folder of files and the database, kept equal.
//!
//! Each file of a course is a record of the source `content.<slug>`: [`sync`] compares the folder, its state after the
//! last sync, and the database, and persists what the folder changed as a run. So courses have history, guards and
//! hand-offs like every other source. The transaction of the run also writes the content tables.
//!
//! The folder comes first: a file is written before the database hears of it, and what the database missed is found
//! again by comparing, not from a journal.

mod approvals;
mod attention;
mod course;
mod disk;
mod error;
mod folder;
mod fronts;
mod generate;
mod keep;
mod lines;
mod numbers;
mod persister;
mod record;
mod records;
mod refused;
mod restore;
mod rows;
mod search;
mod seen;
mod shadow;
mod show;
mod sides;
mod snapshot;
mod stages;
mod state;
mod status;
mod sync;
mod verify;
mod versions;
mod watch;

pub use attention::Attention;
pub use course::{CourseSettings, DEFAULT_MAX_FILE_BYTES, ENTITY_TYPE};
pub use error::ContentError;
pub use folder::{CourseFolder, FolderLock, SkipReason, Skipped};
pub use generate::{
    CourseSpec, Effort, GenerateOptions, GenerateProgress, GenerateReport, LessonEnd, LessonReport,
    LessonSpec, Neighbour, Retries, Selection, generate,
};
pub use keep::{FolderChange, FolderChangeKind};
pub use lines::{Line, next_line};
pub use persister::{
    Closed, CourseInput, CoursePersister, Fetched, LessonInput, LessonPlace, PersistCounts, Persisted,
    RefusedLesson, Written,
};
pub use restore::{RestoreOptions, Restored, restore};
pub use search::{LessonHit, search};
pub use show::{show, show_lesson};
pub use stages::{
    ApprovalReport, BriefReport, CheckedReport, CurriculumCheck, FolderLessons, LessonLines, RefusedLine,
    ResearchReport, ValidatedLesson, ValidationReport, approve_curriculum, check_brief, check_curriculum,
    check_research, persist_lessons, persist_lines, record_voice, validate_lessons,
};
pub use status::set_status;
pub use sync::{SyncOptions, SyncReport, sync};
pub use verify::{Difference, DifferenceKind, Verification, verify};
pub use versions::{ChangedLines, CourseDiff, FileChange, VersionTime, diff, tag};
pub use watch::{WatchEnd, WatchEvent, WatchOptions, watch};
