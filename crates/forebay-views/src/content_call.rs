//! The calls of a generator over `forebay content serve-stdio`: one JSON object a line, answered in order.

use forebay_domain::content::{ContentStatus, PersistMode, ResearchKind, layout::LayoutChoice};
use forebay_engine::content::{CourseInput, LessonInput};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{content_lesson::LessonParams, error::Error, time::Time};

forebay_domain::words! {
    /// What a call asks for.
    pub enum ContentMethod {
        /// Opens a course folder. The folder is created if it is missing.
        Open = "open",
        /// Writes a whole course, or the parts of it that are given, in one transaction.
        PersistCourse = "persist_course",
        /// Writes brief and outline.
        PersistMetadata = "persist_metadata",
        /// Writes research reports.
        PersistResearch = "persist_research",
        /// Writes one lesson.
        PersistLesson = "persist_lesson",
        /// Writes lessons in one transaction.
        PersistLessonsBatch = "persist_lessons_batch",
        /// Writes the curriculum.
        UpdateCurriculum = "update_curriculum",
        /// Records how well the text matches the voice of the persona.
        UpdateVoiceFidelity = "update_voice_fidelity",
        /// Sets the status of the course.
        SetStatus = "set_status",
        /// Records measures of a lesson.
        UpdateLessonValidation = "update_lesson_validation",
        /// Records a measurement of the published course.
        RecordPerformance = "record_performance",
        /// Reads the course with all its relations.
        GetCourse = "get_course",
        /// Writes to the database what the folder has and the database does not.
        PersistFolder = "persist_folder",
        /// Compares the folder with the database, by hash.
        Verify = "verify",
        /// Counts the calls so far.
        Counts = "counts",
        /// Closes the course, after a last attempt to write what the database missed.
        Close = "close",
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentCall {
    /// Any number or text. The answer has the same.
    #[serde(default)]
    pub id: Value,
    /// What to do.
    pub method: String,
    /// Its parameters, an object. Default: empty.
    #[serde(default)]
    pub params: Option<Value>,
}

/// An answer: either a result or an error.
#[derive(Clone, Debug, Serialize)]
pub struct ContentAnswer<T> {
    /// The id of the call; null: the call could not be read.
    pub id: Value,
    /// The result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<T>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// The parameters of methods that have none.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// The parameters of `open`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenParams {
    /// The folder of the course. It is created if it is missing and its parent exists.
    pub folder: String,
    /// Whether missing parents of the folder are created too. Default: false, so that a mistyped path is an error.
    #[serde(default)]
    pub create_parents: bool,
    /// The slug of the course. Default: made from the name of the folder.
    #[serde(default)]
    pub course: Option<String>,
    /// The project of the course. Default: `project` of `[content]`.
    #[serde(default)]
    pub project: Option<String>,
    /// The name of a layout, or a table like `[content.layout]`. Default: `layout` of `[content]`.
    #[serde(default)]
    pub layout: Option<LayoutChoice>,
    /// `off`, `shadow` or `on`. Default: that of the configuration.
    #[serde(default)]
    #[schemars(schema_with = "crate::words::persist_mode")]
    pub persist: Option<PersistMode>,
}

/// The parameters of `persist_course`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CourseParams {
    /// The text of the brief.
    pub brief: Option<String>,
    /// The text of the outline.
    pub outline: Option<String>,
    /// The text of the curriculum.
    pub curriculum: Option<String>,
    /// Research reports.
    pub research: ResearchParams,
    /// Lessons.
    pub lessons: Vec<LessonParams>,
}

/// The parameters of `persist_metadata`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataParams {
    /// The text of the brief.
    pub brief: Option<String>,
    /// The text of the outline.
    pub outline: Option<String>,
}

/// The parameters of `persist_research`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResearchParams {
    /// The text of the market analysis.
    pub market_analysis: Option<String>,
    /// The text about gaps in existing content.
    pub content_gaps: Option<String>,
    /// The text about differentiation.
    pub differentiation: Option<String>,
    /// The text that lists the sources.
    pub sources: Option<String>,
}

/// The parameters of `persist_lessons_batch`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LessonsParams {
    /// The lessons.
    pub lessons: Vec<LessonParams>,
}

/// The parameters of `update_curriculum`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurriculumParams {
    /// The text of the curriculum.
    pub text: String,
}

/// The parameters of `update_voice_fidelity`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceParams {
    /// The score, 0 to 1.
    pub score: f64,
}

/// The parameters of `set_status`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusParams {
    /// The new status.
    #[schemars(schema_with = "crate::words::content_status")]
    pub status: ContentStatus,
}

/// The parameters of `record_performance`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerformanceParams {
    /// What was measured, such as `completion_rate`.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// When it was measured. A repeated call needs the same time, so the caller chooses it.
    pub recorded_at: Time,
}

/// The parameters of `get_course`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GetCourseParams {
    /// Whether lessons come with their text. Default: true.
    pub content: bool,
}

impl Default for GetCourseParams {
    fn default() -> Self {
        Self { content: true }
    }
}

impl CourseParams {
    /// The parts of the course in the engine's form. The error is a sentence.
    pub fn input(self) -> Result<CourseInput, String> {
        let Self { brief, outline, curriculum, research, lessons } = self;
        let (research, lessons) = (research.input(), LessonsParams { lessons }.input()?);
        Ok(CourseInput { brief, outline, curriculum, research, lessons })
    }
}

impl ResearchParams {
    /// The reports that were given.
    pub fn input(self) -> Vec<(ResearchKind, String)> {
        let Self { market_analysis, content_gaps, differentiation, sources } = self;
        let reports = [
            (ResearchKind::MarketAnalysis, market_analysis),
            (ResearchKind::ContentGaps, content_gaps),
            (ResearchKind::Differentiation, differentiation),
            (ResearchKind::Sources, sources),
        ];
        reports.into_iter().filter_map(|(kind, text)| Some((kind, text?))).collect()
    }
}

impl LessonsParams {
    /// The lessons in the engine's form. The error is a sentence.
    pub fn input(self) -> Result<Vec<LessonInput>, String> {
        self.lessons.into_iter().map(LessonParams::input).collect()
    }
}
