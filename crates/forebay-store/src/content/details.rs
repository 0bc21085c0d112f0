//! A course with everything that belongs to it.

use forebay_domain::content::ValidationStatus;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, IsolationLevel, Row, types::Type};

use super::{
    measures::{Approval, approvals},
    pieces::{Piece, find},
    versions::{TaggedVersion, tags},
};
use crate::{
    connect::Client,
    error::Result,
    row::{ReadRow, columns},
    types::{SqlHash, SqlId},
};

/// The lessons of a course.
pub const COURSE_LESSONS: &str = include_str!("course_lessons.sql");

/// A course with all its relations.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseDetails {
    /// The course.
    pub piece: Piece,
    /// Brief, outline and curriculum; `None`: the course has none of them.
    pub metadata: Option<CourseMetadata>,
    /// Its research; `None`: it has no report.
    pub research: Option<Research>,
    /// Its lessons, by module and number.
    pub lessons: Vec<StoredLesson>,
    /// The approvals of its curricula, newest first.
    pub approvals: Vec<Approval>,
    /// Measurements, newest first.
    pub performance: Vec<Measurement>,
    /// Its named versions, by time.
    pub tags: Vec<TaggedVersion>,
}

/// Brief, outline and curriculum of a course.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseMetadata {
    /// Number of modules in the curriculum.
    pub total_modules: u64,
    /// Number of lessons in the curriculum.
    pub total_lessons: u64,
    /// The text of the brief.
    pub brief: Option<String>,
    /// The text of the outline.
    pub outline: Option<String>,
    /// The curriculum as an object.
    pub curriculum: Option<Value>,
    /// The ideal customer profile.
    pub icp: Option<String>,
    /// The learning objectives.
    pub objectives: Vec<String>,
    /// The voice.
    pub voice_profile: Option<String>,
    /// The didactic framework.
    pub framework: Option<String>,
    /// `technical`, `conceptual` or `mixed`.
    pub course_type: Option<String>,
    /// The level.
    pub level: Option<String>,
}

/// The research reports of a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Research {
    /// The text of the market analysis.
    pub market_analysis: Option<String>,
    /// The text about gaps in existing content.
    pub content_gaps: Option<String>,
    /// The text about differentiation.
    pub differentiation: Option<String>,
    /// The text that lists the sources.
    pub sources: Option<String>,
    /// The first paragraph of the market analysis.
    pub summary: Option<String>,
    /// Number of competitors that the market analysis lists.
    pub num_competitors: Option<u64>,
}

/// A stored lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredLesson {
    /// The reference of its file.
    pub reference_id: forebay_domain::identity::ReferenceId,
    /// Its stable id in the course.
    pub lesson_id: String,
    /// The number of its module.
    pub module: u64,
    /// Its number in the module.
    pub number: u64,
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// The text of its file; `None`: it was not asked for.
    pub content: Option<String>,
    /// Number of words.
    pub word_count: u64,
    /// Its level.
    pub bloom_level: Option<String>,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// Its key concepts.
    pub key_concepts: Vec<String>,
    /// How clearly goal, position and steps are stated.
    pub gps_score: Option<f64>,
    /// How many elements of good teaching it has.
    pub didatica_score: Option<f64>,
    /// The result of its validation.
    pub validation_status: ValidationStatus,
    /// What the validation found.
    pub validation_issues: Value,
    /// How long its generation took.
    pub generation_seconds: Option<f64>,
    /// What its generation cost.
    pub generation_cost: Option<f64>,
    /// Failed attempts before its text was generated.
    pub num_retries: Option<u64>,
    /// The path of its file in the course folder.
    pub path: String,
    /// SHA-256 of its file.
    pub content_hash: [u8; 32],
    /// When its row last changed.
    pub updated_at: Timestamp,
}

/// A measurement of published content.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// When it was measured.
    pub recorded_at: Timestamp,
}

/// A course with all its relations, as of one moment. Without `with_content`, lessons have no text. `None`: there is no
/// such course.
pub async fn details(
    client: &mut Client,
    project: &str,
    slug: &str,
    with_content: bool,
) -> Result<Option<CourseDetails>> {
    let snapshot = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let Some(piece) = find(&*snapshot, project, slug).await? else { return Ok(None) };
    let piece_id = piece.piece_id;
    let details = CourseDetails {
        metadata: metadata(&*snapshot, piece_id).await?,
        research: research(&*snapshot, piece_id).await?,
        lessons: lessons(&*snapshot, piece_id, with_content).await?,
        approvals: approvals(&*snapshot, piece_id).await?,
        performance: performance(&*snapshot, piece_id).await?,
        tags: tags(&*snapshot, piece_id).await?,
        piece,
    };
    snapshot.commit().await?;
    Ok(Some(details))
}

/// A lesson with its text, named by its path, id, number (`2.10`) or slug; several lessons may share a slug, and then
/// the first one counts. `None`: the course has no such lesson.
pub async fn find_lesson(
    client: &impl GenericClient,
    piece_id: i64,
    name: &str,
) -> Result<Option<StoredLesson>> {
    let row = client
        .query_typed_opt(include_str!("find_lesson.sql"), &[(&piece_id, Type::INT8), (&name, Type::TEXT)])
        .await?;
    row.as_ref().map(lesson).transpose()
}

async fn metadata(client: &impl GenericClient, piece_id: i64) -> Result<Option<CourseMetadata>> {
    let statement = "select total_modules::bigint as total_modules, total_lessons::bigint as total_lessons, brief, \
         outline, curriculum, icp, objectives, voice_profile, framework, course_type, level \
         from forebay.course_metadata where piece_id = $1";
    let row = client.query_typed_opt(statement, &[(&piece_id, Type::INT8)]).await?;
    row.map(|row| {
        Ok(CourseMetadata {
            total_modules: row.count("total_modules")?,
            total_lessons: row.count("total_lessons")?,
            brief: row.read("brief")?,
            outline: row.read("outline")?,
            curriculum: row.read("curriculum")?,
            icp: row.read("icp")?,
            objectives: row.read("objectives")?,
            voice_profile: row.read("voice_profile")?,
            framework: row.read("framework")?,
            course_type: row.read("course_type")?,
            level: row.read("level")?,
        })
    })
    .transpose()
}

async fn research(client: &impl GenericClient, piece_id: i64) -> Result<Option<Research>> {
    let statement = "select market_analysis, content_gaps, differentiation, sources, summary, num_competitors \
         from forebay.market_research where piece_id = $1";
    let row = client.query_typed_opt(statement, &[(&piece_id, Type::INT8)]).await?;
    row.map(|row| {
        Ok(Research {
            market_analysis: row.read("market_analysis")?,
            content_gaps: row.read("content_gaps")?,
            differentiation: row.read("differentiation")?,
            sources: row.read("sources")?,
            summary: row.read("summary")?,
            num_competitors: unsigned(row.read("num_competitors")?),
        })
    })
    .transpose()
}

async fn lessons(
    client: &impl GenericClient,
    piece_id: i64,
    with_content: bool,
) -> Result<Vec<StoredLesson>> {
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&piece_id, Type::INT8), (&with_content, Type::BOOL)];
    let rows = client.query_typed(COURSE_LESSONS, &parameters).await?;
    rows.iter().map(lesson).collect()
}

fn lesson(row: &Row) -> Result<StoredLesson> {
    Ok(StoredLesson {
        reference_id: row.read::<SqlId>("reference_id")?.0,
        lesson_id: row.read("lesson_id")?,
        module: row.count("module_number")?,
        number: row.count("lesson_number")?,
        slug: row.read("slug")?,
        title: row.read("title")?,
        content: row.read("content")?,
        word_count: row.count("word_count")?,
        bloom_level: row.read("bloom_level")?,
        objectives: row.read("objectives")?,
        key_concepts: row.read("key_concepts")?,
        gps_score: row.read("gps_score")?,
        didatica_score: row.read("didatica_score")?,
        validation_status: row.word("validation_status")?,
        validation_issues: row.read("validation_issues")?,
        generation_seconds: row.read("generation_seconds")?,
        generation_cost: row.read("generation_cost")?,
        num_retries: unsigned(row.read("num_retries")?),
        path: row.read("file_path")?,
        content_hash: row.read::<SqlHash>("content_hash")?.0.0,
        updated_at: row.read("updated_at")?,
    })
}

async fn performance(client: &impl GenericClient, piece_id: i64) -> Result<Vec<Measurement>> {
    let statement = "select metric, value, recorded_at from forebay.content_performance \
         where piece_id = $1 order by recorded_at desc, metric collate \"C\"";
    let rows = client.query_typed(statement, &[(&piece_id, Type::INT8)]).await?;
    let [metric, value, recorded_at] = columns(&rows, ["metric", "value", "recorded_at"])?;
    let measurement = |row: &Row| {
        Ok(Measurement {
            metric: row.read(metric)?,
            value: row.read(value)?,
            recorded_at: row.read(recorded_at)?,
        })
    };
    rows.iter().map(measurement).collect()
}

/// A count that a check constraint keeps from being negative.
fn unsigned(count: Option<i32>) -> Option<u64> {
    count.and_then(|count| u64::try_from(count).ok())
}
