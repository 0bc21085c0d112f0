//! What can go wrong with a course. Codes are stable; hints say what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

use forebay_domain::content::{
    Problem, ProblemCode, layout::Document, own_tables::OwnTableError, paths::RelativePath, plan::Refusal,
};
use jiff::Timestamp;

/// A result of working with a course.
pub(super) type Result<T> = std::result::Result<T, ContentError>;

/// Errors of a course folder and its files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The folder does not exist.
    #[error("there is no folder {}", path.display())]
    FolderMissing {
        /// The folder.
        path: PathBuf,
    },
    /// Another process works on the folder.
    #[error("another process is working on the folder {}", path.display())]
    FolderLocked {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was attempted, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is larger than the limit.
    #[error("{path} has {size} bytes; at most {max_bytes} are allowed")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        max_bytes: u64,
    },
    /// Too much of the course is gone.
    #[error("{} of the {} known files are gone from the folder", .0.gone.len(), .0.num_known)]
    Refused(Refusal),
    /// A file or a name that cannot be used.
    #[error("{}: {}", .0.place(), .0.message)]
    Problem(Problem),
    /// The slug makes no name of a source.
    #[error(
        "the slug {slug:?} is too long: the slug of this project's courses has at most {max_bytes} bytes"
    )]
    SlugTooLong {
        /// The slug.
        slug: String,
        /// How many bytes it may have in its project.
        max_bytes: usize,
    },
    /// A course is stored with another layout than the default, which was used because no other was chosen.
    #[error("the course is stored with the layout {stored:?}, which was neither given nor configured now")]
    LayoutDiffers {
        /// The name of the stored layout.
        stored: String,
    },
    /// A course that is not stored.
    #[error("there is no course {slug:?} in the project {project:?}")]
    CourseUnknown {
        /// The slug.
        slug: String,
        /// The project.
        project: String,
    },
    /// The settings of the user's own tables are wrong.
    #[error(transparent)]
    OwnTables(OwnTableError),
    /// A file that a call names and the folder does not have.
    #[error("the course folder has no file {path}")]
    FileMissing {
        /// The path in the folder.
        path: String,
    },
    /// A lesson that a call names by its number and the folder does not have.
    #[error("the course folder has no lesson {module}.{lesson}")]
    LessonMissing {
        /// The number of its module.
        module: u32,
        /// Its number in the module.
        lesson: u32,
    },
    /// A lesson that the database does not have as the folder has it.
    #[error("the database does not have {path} as the folder has it")]
    LessonNotStored {
        /// The path in the folder.
        path: String,
    },
    /// A document for which the layout has no path.
    #[error("the layout has no path for the {}", name(*document))]
    DocumentWithoutPath {
        /// The document.
        document: Document,
    },
    /// A lesson that has a number only, in a layout that makes no path of it.
    #[error("the layout has no path for lesson {module}.{lesson}")]
    NumberWithoutPath {
        /// The number of its module.
        module: u32,
        /// Its number in the module.
        lesson: u32,
    },
    /// A path that is no lesson.
    #[error("{path} is no lesson in this layout")]
    NoLessonPath {
        /// The path in the folder.
        path: String,
    },
    /// A line of an input that is no lesson.
    #[error("{problem}")]
    LineInvalid {
        /// Why.
        problem: String,
    },
    /// An input with lessons that cannot be read.
    #[error("the input cannot be read: {source}")]
    Input {
        /// Why.
        source: io::Error,
    },
    /// Two parts of a call that have one file.
    #[error("{path} and {other} of one call are the same file")]
    SamePath {
        /// The path that came second.
        path: String,
        /// The path that came first.
        other: String,
    },
    /// A measured value that is not possible.
    #[error("{name} is {value}; {}", range(*max))]
    ValueOutOfRange {
        /// Its name.
        name: &'static str,
        /// The value.
        value: f64,
        /// The largest possible value; the smallest is 0.
        max: f64,
    },
    /// A measurement that cannot be recorded.
    #[error("the measurement cannot be recorded: {problem}")]
    Measurement {
        /// Why.
        problem: &'static str,
    },
    /// A lesson that a call names and the curriculum does not have.
    #[error("the curriculum has no lesson {lesson:?}")]
    LessonUnknown {
        /// The id, number or path.
        lesson: String,
    },
    /// The program that generates lessons cannot be run.
    #[error("the program {program:?} cannot be run: {problem}")]
    Generator {
        /// The program.
        program: String,
        /// Why.
        problem: String,
    },
    /// A curriculum that the database does not have as the folder has it.
    #[error("the database does not have the curriculum as the folder has it")]
    CurriculumNotStored,
    /// A lesson that a command names and the course does not have.
    #[error("the course has no lesson {name:?}")]
    NoSuchLesson {
        /// The path, id, slug or number.
        name: String,
    },
    /// A tag that names another time already.
    #[error("the tag {tag:?} names the course as it was at {at}")]
    TagTaken {
        /// The tag.
        tag: String,
        /// The time that it names.
        at: Timestamp,
    },
    /// A time at which the course had no files.
    #[error("the course {slug:?} had no files at {at}{}", first(*first_version))]
    NoFilesAt {
        /// The slug.
        slug: String,
        /// The time.
        at: Timestamp,
        /// When its first file was stored; `None`: none ever was.
        first_version: Option<Timestamp>,
    },
    /// A tag for a time that has not come.
    #[error("{at} is in the future, and the course can still change until then")]
    TagInFuture {
        /// The time.
        at: Timestamp,
    },
    /// A tag that the course does not have.
    #[error("the course has no tag {tag:?}")]
    TagUnknown {
        /// The tag.
        tag: String,
    },
    /// A comparison with the last tag of a course without tags.
    #[error("the course {slug:?} has no tag to compare with")]
    Untagged {
        /// The slug.
        slug: String,
    },
    /// A file that a person decided about and that needs no decision.
    #[error("{path} needs no decision: neither did both sides change it, nor only the database")]
    NotInConflict {
        /// The path in the folder.
        path: String,
    },
    /// The file with the state of the last sync cannot be read.
    #[error("{} is no state of a course folder: {problem}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

impl ContentError {
    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }

    /// The problem of the single file with this path. Error: something is wrong with the folder or the disk.
    pub(super) fn into_problem(self, path: &RelativePath) -> Result<Problem> {
        match &self {
            Self::Problem(problem) => Ok(problem.clone()),
            Self::TooLarge { .. } => {
                let problem = Problem::error(ProblemCode::TooLarge, path.as_str(), self.to_string());
                Ok(problem.hint("split the file, or keep it outside of the course folder"))
            }
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                let problem = Problem::error(ProblemCode::PermissionDenied, path.as_str(), self.to_string());
                Ok(problem.hint("make it readable, then run the command again; what is stored of it stays"))
            }
            _ => Err(self),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FolderMissing { .. } => "content_folder_missing",
            Self::FolderLocked { .. } => "content_folder_locked",
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk_full",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "permission_denied",
                _ => "content_file_failed",
            },
            Self::TooLarge { .. } => "too_large",
            Self::Refused(refusal) => refusal.reason.as_str(),
            Self::Problem(problem) => problem.code.as_str(),
            Self::SlugTooLong { .. } => "slug_too_long",
            Self::LayoutDiffers { .. } => "layout_differs",
            Self::CourseUnknown { .. } => "course_unknown",
            Self::OwnTables(_) => "content_tables_invalid",
            Self::FileMissing { .. } => "content_file_missing",
            Self::LessonMissing { .. } => "lesson_missing",
            Self::LessonNotStored { .. } => "lesson_not_stored",
            Self::DocumentWithoutPath { .. } => "document_without_path",
            Self::NumberWithoutPath { .. } => "lesson_without_path",
            Self::NoLessonPath { .. } => "no_lesson_path",
            Self::LineInvalid { .. } => "lesson_invalid",
            Self::Input { .. } => "input_failed",
            Self::SamePath { .. } => "same_path",
            Self::ValueOutOfRange { .. } => "value_out_of_range",
            Self::Measurement { .. } => "measurement_invalid",
            Self::LessonUnknown { .. } => "lesson_unknown",
            Self::Generator { .. } => "generator_unusable",
            Self::CurriculumNotStored => "curriculum_not_stored",
            Self::NoSuchLesson { .. } => "no_such_lesson",
            Self::TagTaken { .. } => "tag_taken",
            Self::NoFilesAt { .. } => "no_files_at_time",
            Self::TagInFuture { .. } => "tag_in_future",
            Self::TagUnknown { .. } => "tag_unknown",
            Self::Untagged { .. } => "course_untagged",
            Self::NotInConflict { .. } => "not_in_conflict",
            Self::State { .. } => "content_state_unreadable",
        }
    }

    /// Whether the request was wrong, as opposed to having failed.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::FolderMissing { .. }
                | Self::SlugTooLong { .. }
                | Self::LayoutDiffers { .. }
                | Self::CourseUnknown { .. }
                | Self::State { .. }
                | Self::OwnTables(_)
                | Self::FileMissing { .. }
                | Self::LessonMissing { .. }
                | Self::DocumentWithoutPath { .. }
                | Self::NumberWithoutPath { .. }
                | Self::NoLessonPath { .. }
                | Self::SamePath { .. }
                | Self::ValueOutOfRange { .. }
                | Self::Measurement { .. }
                | Self::LessonUnknown { .. }
                | Self::Generator { .. }
                | Self::NoSuchLesson { .. }
                | Self::TagTaken { .. }
                | Self::NoFilesAt { .. }
                | Self::TagInFuture { .. }
                | Self::TagUnknown { .. }
                | Self::Untagged { .. }
                | Self::NotInConflict { .. }
                | Self::Problem(_)
        )
    }

    /// The file that it is about, with its line where one is known.
    pub fn place(&self) -> Option<String> {
        match self {
            Self::Problem(problem) => Some(match problem.line {
                Some(line) => format!("{}:{line}", problem.path),
                None => problem.path.clone(),
            }),
            Self::FolderMissing { path }
            | Self::FolderLocked { path }
            | Self::File { path, .. }
            | Self::State { path, .. } => Some(path.display().to_string()),
            Self::TooLarge { path, .. }
            | Self::FileMissing { path }
            | Self::LessonNotStored { path }
            | Self::NoLessonPath { path }
            | Self::NotInConflict { path }
            | Self::SamePath { path, .. } => Some(path.clone()),
            _ => None,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::FolderMissing { .. } => "check the path, and that the disk is mounted".to_owned(),
            Self::FolderLocked { .. } => "wait until it ends; one process at a time writes a course".to_owned(),
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space and run the same command again; the old file is untouched".to_owned()
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "check who owns the folder and whether it is writable".to_owned()
                }
                _ => return None,
            },
            Self::TooLarge { .. } => "split the file, or keep it outside of the course folder".to_owned(),
            Self::Refused(_) => {
                "check that the folder is complete; if the files were deleted on purpose, add --allow-removals"
                    .to_owned()
            }
            Self::Problem(problem) => return problem.hint.clone(),
            Self::SlugTooLong { .. } => "choose a shorter slug".to_owned(),
            Self::LayoutDiffers { .. } => {
                "name the layout with --layout, or as `layout` of [content] in forebay.toml".to_owned()
            }
            Self::CourseUnknown { .. } => "`forebay content list` names the stored courses".to_owned(),
            Self::OwnTables(_) => "correct it in forebay.toml".to_owned(),
            Self::FileMissing { .. } => "check the path; it is relative to the course folder".to_owned(),
            Self::LessonNotStored { .. } | Self::CurriculumNotStored => "sync the folder first".to_owned(),
            Self::NoSuchLesson { .. } => {
                "name it by its path in the folder, its id, its slug, or its number such as 2.10".to_owned()
            }
            Self::LessonMissing { .. } => "write the lesson first, or give the path of its file".to_owned(),
            Self::DocumentWithoutPath { .. } => {
                "add it to [content.layout] in forebay.toml as a path without wildcards".to_owned()
            }
            Self::NumberWithoutPath { .. } => "give the path of the lesson, or a pattern with {module} and {lesson} in \
                 `lessons` of [content.layout]"
                .to_owned(),
            Self::NoLessonPath { .. } => {
                "choose a path that `lessons` of [content.layout] matches".to_owned()
            }
            Self::SamePath { .. } => "give each lesson its own number or path".to_owned(),
            Self::ValueOutOfRange { .. }
            | Self::Measurement { .. }
            | Self::LineInvalid { .. }
            | Self::Input { .. } => return None,
            Self::LessonUnknown { .. } => {
                "name a lesson by its id, its number such as 1.2, or its file as curriculum.yaml has them".to_owned()
            }
            Self::Generator { .. } => {
                "name a program in PATH or the path of an executable file, followed by its arguments".to_owned()
            }
            Self::TagTaken { .. } => "a tag is never moved; choose another name".to_owned(),
            Self::NoFilesAt { .. } => "choose a later time".to_owned(),
            Self::TagInFuture { .. } => "leave out --at to tag the course as it is stored now".to_owned(),
            Self::TagUnknown { .. } => "`forebay content show SLUG` lists the tags".to_owned(),
            Self::Untagged { .. } => {
                "name the first version as a time, or tag one with `forebay content tag SLUG NAME`".to_owned()
            }
            Self::NotInConflict { .. } => {
                "`forebay content sync DIR --dry-run` lists the files that need one, by path in the course folder".to_owned()
            }
            Self::State { .. } => {
                "delete it; the next sync then compares the folder with the database alone".to_owned()
            }
        })
    }
}

fn name(document: Document) -> String {
    match document {
        Document::Brief => "brief".to_owned(),
        Document::Outline => "outline".to_owned(),
        Document::Curriculum => "curriculum".to_owned(),
        Document::Research(kind) => format!("research report {kind}"),
    }
}

fn first(version: Option<Timestamp>) -> String {
    version.map_or_else(String::new, |at| format!("; its first version is of {at}"))
}

fn range(max: f64) -> String {
    if max < f64::MAX { format!("it must be from 0 to {max}") } else { "it must be at least 0".to_owned() }
}

#[cfg(test)]
mod tests;
