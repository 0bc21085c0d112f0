//! Generating lessons: what the user's program reads, and the report of `content generate`.

use forebay_engine::content as engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    content::{ContentProblem, ContentSkipped},
    content_written::{ContentCounts, ContentPersisted},
    error::Error,
    words::LessonStatus,
};

/// The specification of a lesson, as the program of `content generate` reads it on standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LessonSpecification {
    /// The course.
    pub course: CourseSpecification,
    /// The module of the lesson.
    pub module: ModuleSpecification,
    /// Its number in the module.
    pub lesson_number: u32,
    /// Its stable id, for its front matter; null: the curriculum gives none.
    pub lesson_id: Option<String>,
    /// Its title; null: the curriculum gives none.
    pub title: Option<String>,
    /// The file that it is written to, in the course folder. Forebay writes it, not the program.
    pub file_path: String,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// Its level in Bloom's taxonomy; null: the curriculum gives none.
    #[schemars(schema_with = "crate::words::bloom_level_or_null")]
    pub bloom_level: Option<String>,
    /// The concepts that it introduces.
    pub key_concepts: Vec<String>,
    /// How long it takes, in minutes; null: the curriculum does not say.
    pub duration_minutes: Option<u32>,
    /// Its place in the course, from 1.
    pub position: u32,
    /// The lesson before it; null: it is the first.
    pub previous: Option<NeighbourLesson>,
    /// The lesson after it; null: it is the last.
    pub next: Option<NeighbourLesson>,
}

/// The course of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CourseSpecification {
    /// Its name in the project.
    pub slug: String,
    /// Its title; null: the curriculum gives none.
    pub title: Option<String>,
    /// For whom it is, as written; null: the curriculum does not say.
    pub level: Option<String>,
    /// What kind of knowledge it teaches; null: the curriculum does not say.
    #[schemars(schema_with = "crate::words::course_type_or_null")]
    pub course_type: Option<String>,
    /// What a learner can do after the course.
    pub objectives: Vec<String>,
    /// Number of modules.
    pub num_modules: u32,
    /// Number of lessons.
    pub num_lessons: u32,
    /// The text of its brief; null: it has none.
    pub brief: Option<String>,
}

/// The module of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleSpecification {
    /// Its number.
    pub number: u32,
    /// Its title; null: the curriculum gives none.
    pub title: Option<String>,
}

/// The lesson before or after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NeighbourLesson {
    /// The number of its module.
    pub module_number: u32,
    /// Its number in the module.
    pub lesson_number: u32,
    /// Its stable id; null: the curriculum gives none.
    pub lesson_id: Option<String>,
    /// Its title; null: the curriculum gives none.
    pub title: Option<String>,
}

/// The result of generating a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentGenerated {
    /// Whether every lesson that was asked for is there, and nothing is wrong with the curriculum or the folder.
    pub is_complete: bool,
    /// Whether it was stopped by Ctrl-C or SIGTERM.
    pub is_stopped: bool,
    /// Lessons generated.
    pub num_generated: u64,
    /// Lessons that were complete already or not asked for.
    pub num_kept: u64,
    /// Lessons that failed for good.
    pub num_failed: u64,
    /// Lessons whose generation was stopped or did not begin.
    pub num_stopped: u64,
    /// What the program says that all lessons cost together; null: it said nothing.
    pub cost: Option<f64>,
    /// How long it took.
    pub elapsed_seconds: f64,
    /// All lessons, in the order of the curriculum.
    pub lessons: Vec<GeneratedLesson>,
    /// Whether the course is written to the database as well.
    #[schemars(schema_with = "crate::words::persist_mode")]
    pub persist: String,
    /// The result of the last write to the database, which compared the whole folder.
    pub database: ContentPersisted,
    /// How often the database was written, and how often that failed.
    pub counts: ContentCounts,
    /// What is wrong with the curriculum, the folder and files.
    pub problems: Vec<ContentProblem>,
    /// Entries of the folder that are not stored.
    pub skipped: Vec<ContentSkipped>,
}

/// A lesson of the curriculum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedLesson {
    /// The number of its module.
    pub module_number: u32,
    /// Its number in the module.
    pub lesson_number: u32,
    /// Its stable id; null: the curriculum gives none.
    pub lesson_id: Option<String>,
    /// Its file; null: it cannot have one.
    pub path: Option<String>,
    /// Where the former bytes of its file are kept, in the folder, because no sync had stored them; null: nothing was
    /// lost.
    pub kept_as: Option<String>,
    /// How it ended.
    #[schemars(schema_with = "crate::words::lesson_status")]
    pub status: String,
    /// The class of the last failure; null: it did not fail.
    #[schemars(schema_with = "crate::words::failure_class_or_null")]
    pub failure_class: Option<String>,
    /// Why it failed, as a stable word; null: it did not fail.
    pub reason_code: Option<String>,
    /// Why it failed, as a sentence; null: it did not fail.
    pub message: Option<String>,
    /// How long its program ran, all attempts together; null: it did not run.
    pub seconds: Option<f64>,
    /// What the program says it cost, all attempts together; null: it said nothing.
    pub cost: Option<f64>,
    /// Failed attempts before the last one; null: it did not run.
    pub num_retries: Option<u32>,
}

impl From<&engine::LessonSpec> for LessonSpecification {
    fn from(spec: &engine::LessonSpec) -> Self {
        let course = &*spec.course;
        Self {
            course: CourseSpecification {
                slug: course.slug.clone(),
                title: course.title.clone(),
                level: course.level.clone(),
                course_type: course.course_type.map(|kind| kind.as_str().to_owned()),
                objectives: course.objectives.clone(),
                num_modules: course.num_modules,
                num_lessons: course.num_lessons,
                brief: course.brief.clone(),
            },
            module: ModuleSpecification { number: spec.module_number, title: spec.module_title.clone() },
            lesson_number: spec.lesson_number,
            lesson_id: spec.lesson_id.clone(),
            title: spec.title.clone(),
            file_path: spec.file_path.to_string(),
            objectives: spec.objectives.clone(),
            bloom_level: spec.bloom_level.map(|level| level.as_str().to_owned()),
            key_concepts: spec.key_concepts.clone(),
            duration_minutes: spec.duration_minutes,
            position: spec.position,
            previous: spec.previous.as_ref().map(NeighbourLesson::from),
            next: spec.next.as_ref().map(NeighbourLesson::from),
        }
    }
}

impl From<&engine::Neighbour> for NeighbourLesson {
    fn from(lesson: &engine::Neighbour) -> Self {
        Self {
            module_number: lesson.module_number,
            lesson_number: lesson.lesson_number,
            lesson_id: lesson.lesson_id.clone(),
            title: lesson.title.clone(),
        }
    }
}

impl ContentGenerated {
    /// Generated lessons. `failed` makes the error of a code and a message.
    pub fn new(report: engine::GenerateReport, failed: impl FnOnce(&'static str, String) -> Error) -> Self {
        let is_complete = report.is_complete();
        let engine::GenerateReport {
            mode,
            lessons,
            problems,
            skipped,
            counts,
            unstored,
            persisted,
            is_stopped,
            elapsed,
        } = report;
        let lessons: Vec<GeneratedLesson> = lessons.into_iter().map(GeneratedLesson::from).collect();
        let count = |status: LessonStatus| {
            lessons.iter().filter(|lesson| lesson.status == status.as_str()).count() as u64
        };
        Self {
            is_complete,
            is_stopped,
            num_generated: count(LessonStatus::Generated),
            num_kept: count(LessonStatus::Kept),
            num_failed: count(LessonStatus::Failed),
            num_stopped: count(LessonStatus::Stopped),
            cost: lessons.iter().filter_map(|lesson| lesson.cost).reduce(|one, other| one + other),
            elapsed_seconds: elapsed.as_secs_f64(),
            lessons,
            persist: mode.as_str().to_owned(),
            database: ContentPersisted::new(persisted, failed),
            counts: engine::Closed { counts, unstored }.into(),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
            skipped: skipped.into_iter().map(ContentSkipped::from).collect(),
        }
    }
}

impl From<engine::LessonReport> for GeneratedLesson {
    fn from(report: engine::LessonReport) -> Self {
        let engine::LessonReport { module_number, lesson_number, lesson_id, path, kept_as, end } = report;
        let (status, failure, effort) = match end {
            engine::LessonEnd::Kept => (LessonStatus::Kept, None, None),
            engine::LessonEnd::Generated(effort) => (LessonStatus::Generated, None, Some(effort)),
            engine::LessonEnd::Stopped => (LessonStatus::Stopped, None, None),
            engine::LessonEnd::Failed { class, reason_code, message, effort } => {
                (LessonStatus::Failed, Some((class, reason_code, message)), Some(effort))
            }
        };
        let (failure_class, reason_code, message) = match failure {
            Some((class, code, message)) => (Some(class.as_str().to_owned()), Some(code), Some(message)),
            None => (None, None, None),
        };
        Self {
            module_number,
            lesson_number,
            lesson_id,
            path: path.map(|path| path.to_string()),
            kept_as: kept_as.map(|path| path.to_string()),
            status: status.as_str().to_owned(),
            failure_class,
            reason_code,
            message,
            seconds: effort.map(|effort| effort.elapsed.as_secs_f64()),
            cost: effort.and_then(|effort| effort.cost),
            num_retries: effort.map(|effort| effort.num_retries),
        }
    }
}
