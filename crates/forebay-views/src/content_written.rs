//! The results of calls over `forebay content serve-stdio`.

use forebay_domain::content::PersistMode;
use forebay_engine::content::{
    self as engine, Closed, ContentError, CourseSettings, Fetched, PersistCounts, Persisted, RefusedLesson,
    Written,
};
use forebay_store::content::CourseDetails;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    content::{ContentFolderChange, ContentSync, ContentVerification},
    course::Course,
    error::Error,
    words::PersistStatus,
};

/// The result of `open`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentOpened {
    /// The folder, as given.
    pub folder: String,
    /// The project of the course.
    pub project: String,
    /// The slug of the course.
    pub course: String,
    /// The layout, or the one that it changes.
    #[schemars(schema_with = "crate::words::layout_preset")]
    pub layout: String,
    /// Whether the database is written.
    #[schemars(schema_with = "crate::words::persist_mode")]
    pub persist: String,
}

/// The result of a call that writes files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentWritten {
    /// The files of the documents and lessons in the call, in the same order, without refused lessons.
    pub paths: Vec<String>,
    /// Number of files that were written. Unchanged files are not written again.
    pub num_written: u64,
    /// Files that somebody else had changed. Their former bytes, which no sync had stored, are kept.
    pub kept: Vec<ContentFolderChange>,
    /// Lessons that were not written because they have a mistake.
    pub refused: Vec<ContentRefused>,
    /// The result in the database.
    pub database: ContentPersisted,
}

/// A lesson that was not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentRefused {
    /// Its position in the call, from 0.
    pub index: usize,
    /// Why.
    pub error: Error,
}

/// The result of a call in the database. A failing database is not an error of the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentPersisted {
    /// Whether the database was written.
    #[schemars(schema_with = "crate::words::persist_status")]
    pub status: String,
    /// The error; null: it did not fail.
    pub error: Option<Error>,
    /// The stored changes and the problems of files; null: there are none.
    pub sync: Option<ContentSync>,
}

/// The result of `get_course`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ContentCourse {
    /// Whether the database was read.
    #[schemars(schema_with = "crate::words::persist_status")]
    pub status: String,
    /// The error; null: it did not fail.
    pub error: Option<Error>,
    /// The course; null: it is not stored, or could not be read.
    pub course: Option<Course>,
}

/// The result of `verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentVerified {
    /// Whether the database was read.
    #[schemars(schema_with = "crate::words::persist_status")]
    pub status: String,
    /// The error; null: it did not fail.
    pub error: Option<Error>,
    /// The comparison; null: it could not be made.
    pub verification: Option<ContentVerification>,
}

/// How often the database was written, and how often that failed, since `open`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentCounts {
    /// Calls that reached the database.
    pub num_persisted: u64,
    /// Calls after which the database does not have what the folder has.
    pub num_failed: u64,
    /// Failed writes that were tried again.
    pub num_retries: u64,
    /// Differences between folder and database after the last write in shadow mode.
    pub num_differences: u64,
    /// What no file contains and the database did not take so far, by name: measures, scores, status, approvals. After
    /// `close`, it is lost.
    pub unstored: Vec<String>,
}

impl ContentOpened {
    /// An open course.
    pub fn new(folder: String, settings: &CourseSettings, mode: PersistMode) -> Self {
        Self {
            folder,
            project: settings.project.clone(),
            course: settings.slug.to_string(),
            layout: settings.layout.preset().as_str().to_owned(),
            persist: mode.as_str().to_owned(),
        }
    }
}

impl ContentWritten {
    /// The result of a call. `refused` makes the error of a lesson, and `failed` that of a code and a message.
    pub fn new(
        written: Written,
        refused: impl Fn(ContentError) -> Error,
        failed: impl FnOnce(&'static str, String) -> Error,
    ) -> Self {
        let Written { paths, num_written, kept, refused: lessons, persisted } = written;
        let lesson =
            |lesson: RefusedLesson| ContentRefused { index: lesson.index, error: refused(lesson.error) };
        Self {
            paths: paths.iter().map(ToString::to_string).collect(),
            num_written,
            kept: kept.into_iter().map(ContentFolderChange::from).collect(),
            refused: lessons.into_iter().map(lesson).collect(),
            database: ContentPersisted::new(persisted, failed),
        }
    }
}

impl ContentPersisted {
    /// The result of a call. `failed` makes the error of a code and a message.
    pub fn new(persisted: Persisted, failed: impl FnOnce(&'static str, String) -> Error) -> Self {
        let (status, error, sync) = match persisted {
            Persisted::Off => (PersistStatus::Off, None, None),
            Persisted::Done(report) => {
                (PersistStatus::Done, None, report.map(|report| ContentSync::new(*report, false)))
            }
            Persisted::Failed { code, message } => (PersistStatus::Failed, Some(failed(code, message)), None),
        };
        Self { status: status.as_str().to_owned(), error, sync }
    }
}

impl ContentCourse {
    /// A course that was asked for. `failed` makes the error of a code and a message.
    pub fn new(
        fetched: Fetched<Option<Box<CourseDetails>>>,
        failed: impl FnOnce(&'static str, String) -> Error,
    ) -> Self {
        let (status, error, course) = parts(fetched, failed);
        Self { status, error, course: course.flatten().map(|details| Course::from(*details)) }
    }
}

impl ContentVerified {
    /// A comparison that was asked for. `failed` makes the error of a code and a message.
    pub fn new(
        fetched: Fetched<engine::Verification>,
        failed: impl FnOnce(&'static str, String) -> Error,
    ) -> Self {
        let (status, error, verification) = parts(fetched, failed);
        Self { status, error, verification: verification.map(ContentVerification::from) }
    }
}

fn parts<T>(
    fetched: Fetched<T>,
    failed: impl FnOnce(&'static str, String) -> Error,
) -> (String, Option<Error>, Option<T>) {
    let (status, error, value) = match fetched {
        Fetched::Off => (PersistStatus::Off, None, None),
        Fetched::Done(value) => (PersistStatus::Done, None, Some(value)),
        Fetched::Failed { code, message } => (PersistStatus::Failed, Some(failed(code, message)), None),
    };
    (status.as_str().to_owned(), error, value)
}

impl From<Closed> for ContentCounts {
    fn from(closed: Closed) -> Self {
        let Closed { counts, unstored } = closed;
        let PersistCounts { num_persisted, num_failed, num_retries, num_differences } = counts;
        Self { num_persisted, num_failed, num_retries, num_differences, unstored }
    }
}
