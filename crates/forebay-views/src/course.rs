//! A course with everything that belongs to it.

use forebay_domain::hex;
use forebay_store::content as store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, time::Time};

/// A stored course with all its relations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Course {
    /// The project that it belongs to.
    pub project: String,
    /// Its name in the project.
    pub slug: String,
    /// What it is, such as `course`: from the curriculum.
    pub piece_type: String,
    /// Its title.
    pub title: String,
    /// The persona in whose voice it is written; null: the curriculum names none.
    pub persona_mind_id: Option<String>,
    /// Whether people may see it.
    #[schemars(schema_with = "crate::words::content_status")]
    pub status: String,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// How well the text matches the persona's voice, 0 to 1; null: not measured.
    pub voice_fidelity_score: Option<f64>,
    /// Brief, outline and curriculum; null: it has none of them.
    pub metadata: Option<CourseMetadata>,
    /// The research reports; null: it has none.
    pub research: Option<CourseResearch>,
    /// The lessons, by module and number.
    pub lessons: Vec<CourseLesson>,
    /// The approvals of curricula, newest first.
    pub approvals: Vec<CourseApproval>,
    /// Measurements of the published course, newest first.
    pub performance: Vec<CourseMeasurement>,
    /// Named versions, by time.
    pub tags: Vec<CourseTag>,
}

/// Brief, outline and curriculum of a course.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CourseMetadata {
    /// Number of modules in the curriculum.
    pub total_modules: u64,
    /// Number of lessons in the curriculum.
    pub total_lessons: u64,
    /// The text of the brief; null: there is none.
    pub brief: Option<String>,
    /// The text of the outline; null: there is none.
    pub outline: Option<String>,
    /// The curriculum as an object; null: there is none, or it cannot be read.
    pub curriculum: Option<Json>,
    /// The ideal customer profile; null: the brief has no such section.
    pub icp: Option<String>,
    /// The learning objectives of the course.
    pub objectives: Vec<String>,
    /// The voice; null: the brief has no such section.
    pub voice_profile: Option<String>,
    /// The didactic framework; null: the curriculum names none.
    pub framework: Option<String>,
    /// `technical`, `conceptual` or `mixed`; null: the curriculum names none.
    pub course_type: Option<String>,
    /// The level, such as `beginner`; null: the curriculum names none.
    pub level: Option<String>,
}

/// The research reports of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CourseResearch {
    /// The market analysis; null: there is none.
    pub market_analysis: Option<String>,
    /// Gaps in existing content; null: there is no such report.
    pub content_gaps: Option<String>,
    /// Differentiation; null: there is no such report.
    pub differentiation: Option<String>,
    /// The sources; null: there is no such report.
    pub sources: Option<String>,
    /// The first paragraph of the market analysis; null: there is none.
    pub summary: Option<String>,
    /// Number of competitors that the market analysis lists; null: it has no such list.
    pub num_competitors: Option<u64>,
}

/// A stored lesson.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CourseLesson {
    /// The reference of its file.
    pub reference_id: String,
    /// Its stable id in the course: from its front matter, else its path.
    pub lesson_id: String,
    /// The number of its module.
    pub module: u64,
    /// Its number in the module.
    pub lesson: u64,
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// The path of its file in the course folder.
    pub path: String,
    /// SHA-256 of its file, in hexadecimal.
    pub content_hash: String,
    /// The text of its file; null: it was not asked for.
    pub content: Option<String>,
    /// Number of words, without front matter and code.
    pub word_count: u64,
    /// Its level in Bloom's revised taxonomy; null: it names none.
    pub bloom_level: Option<String>,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// The concepts that it introduces.
    pub key_concepts: Vec<String>,
    /// How clearly goal, position and steps are stated, 0 to 1; null: not measured since its last change.
    pub gps_score: Option<f64>,
    /// How many elements of good teaching it has, 0 to 1; null: not measured since its last change.
    pub didatica_score: Option<f64>,
    /// The result of its validation.
    #[schemars(schema_with = "crate::words::validation_status")]
    pub validation_status: String,
    /// What its validation found, an array of objects.
    pub validation_issues: Json,
    /// How long its generation took; null: unknown.
    pub generation_seconds: Option<f64>,
    /// What its generation cost; null: unknown.
    pub generation_cost: Option<f64>,
    /// Failed attempts before its text was generated; null: unknown.
    pub num_retries: Option<u64>,
    /// When its row last changed.
    pub updated_at: Time,
}

/// An approval of a curriculum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CourseApproval {
    /// When it was approved.
    pub approved_at: Time,
    /// Who approved it.
    pub approved_by: String,
    /// SHA-256 of the approved file, in hexadecimal.
    pub content_hash: String,
}

/// A measurement of a published course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CourseMeasurement {
    /// What was measured.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// When it was measured.
    pub recorded_at: Time,
}

/// A named version of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CourseTag {
    /// Its name.
    pub tag: String,
    /// The version is the course as it was at this time.
    pub tagged_at: Time,
}

/// The status of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CourseStatus {
    /// The project that it belongs to.
    pub project: String,
    /// Its name in the project.
    pub slug: String,
    /// Whether people may see it.
    #[schemars(schema_with = "crate::words::content_status")]
    pub status: String,
    /// Whether it had another status before.
    pub is_changed: bool,
}

impl From<store::CourseDetails> for Course {
    fn from(details: store::CourseDetails) -> Self {
        let store::CourseDetails { piece, metadata, research, lessons, approvals, performance, tags } =
            details;
        let measurement = |one: store::Measurement| CourseMeasurement {
            metric: one.metric,
            value: one.value,
            recorded_at: one.recorded_at.into(),
        };
        Self {
            project: piece.project,
            slug: piece.slug,
            piece_type: piece.piece_type,
            title: piece.title,
            persona_mind_id: piece.persona_mind_id,
            status: piece.status,
            keywords: piece.keywords,
            voice_fidelity_score: piece.voice_fidelity_score,
            metadata: metadata.map(CourseMetadata::from),
            research: research.map(CourseResearch::from),
            lessons: lessons.into_iter().map(CourseLesson::from).collect(),
            approvals: approvals.into_iter().map(CourseApproval::from).collect(),
            performance: performance.into_iter().map(measurement).collect(),
            tags: tags.into_iter().map(CourseTag::from).collect(),
        }
    }
}

impl From<store::Approval> for CourseApproval {
    fn from(approval: store::Approval) -> Self {
        Self {
            approved_at: approval.approved_at.into(),
            approved_by: approval.approved_by,
            content_hash: hex::encode(&approval.content_hash),
        }
    }
}

impl From<store::TaggedVersion> for CourseTag {
    fn from(version: store::TaggedVersion) -> Self {
        Self { tag: version.tag, tagged_at: version.tagged_at.into() }
    }
}

impl From<store::CourseMetadata> for CourseMetadata {
    fn from(metadata: store::CourseMetadata) -> Self {
        Self {
            total_modules: metadata.total_modules,
            total_lessons: metadata.total_lessons,
            brief: metadata.brief,
            outline: metadata.outline,
            curriculum: metadata.curriculum.as_ref().map(Json::from),
            icp: metadata.icp,
            objectives: metadata.objectives,
            voice_profile: metadata.voice_profile,
            framework: metadata.framework,
            course_type: metadata.course_type,
            level: metadata.level,
        }
    }
}

impl From<store::Research> for CourseResearch {
    fn from(research: store::Research) -> Self {
        Self {
            market_analysis: research.market_analysis,
            content_gaps: research.content_gaps,
            differentiation: research.differentiation,
            sources: research.sources,
            summary: research.summary,
            num_competitors: research.num_competitors,
        }
    }
}

impl From<store::StoredLesson> for CourseLesson {
    fn from(lesson: store::StoredLesson) -> Self {
        Self {
            reference_id: lesson.reference_id.to_string(),
            lesson_id: lesson.lesson_id,
            module: lesson.module,
            lesson: lesson.number,
            slug: lesson.slug,
            title: lesson.title,
            path: lesson.path,
            content_hash: hex::encode(&lesson.content_hash),
            content: lesson.content,
            word_count: lesson.word_count,
            bloom_level: lesson.bloom_level,
            objectives: lesson.objectives,
            key_concepts: lesson.key_concepts,
            gps_score: lesson.gps_score,
            didatica_score: lesson.didatica_score,
            validation_status: lesson.validation_status.as_str().to_owned(),
            validation_issues: Json::from(&lesson.validation_issues),
            generation_seconds: lesson.generation_seconds,
            generation_cost: lesson.generation_cost,
            num_retries: lesson.num_retries,
            updated_at: lesson.updated_at.into(),
        }
    }
}
