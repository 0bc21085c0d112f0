//! Generated courses: the tables that are kept equal to the references of a course's files, and what is measured about
//! courses.
//!
//! A course is a source; each of its files is a reference. [`project`] runs in the transaction that writes references
//! and writes the content tables from their payloads, so the two never differ. Rows that are equal are not written.

mod course;
mod details;
mod files;
mod measures;
mod own_tables;
mod pieces;
mod search;
mod versions;

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlId, sql_ids},
};

pub use course::{Course, of_source};
pub use details::{
    COURSE_LESSONS, CourseDetails, CourseMetadata, Measurement, Research, StoredLesson, details, find_lesson,
};
pub use files::{FILES, StoredFile, files};
pub use measures::{
    Approval, LessonMeasures, MeasuredLesson, approvals, approve, record_performance, set_status,
    update_lessons, update_voice_fidelity,
};
pub use own_tables::{OwnStatements, TableDifference};
pub use pieces::{Piece, PieceSpec, PieceSummary, declare, find, list};
pub use search::{FoundLesson, SEARCH, SearchFilter, search};
pub use versions::{DIFF, FilePair, TaggedVersion, diff, tag, tags};

/// Writes lessons from their references.
pub const LESSONS: &str = include_str!("content/lessons.sql");
/// Deletes lessons whose references were removed.
pub const REMOVE_LESSONS: &str = include_str!("content/remove_lessons.sql");
/// Writes the metadata of a course from its brief, outline and curriculum.
pub const METADATA: &str = include_str!("content/metadata.sql");
/// Writes title, keywords, type and persona of a course from its curriculum.
pub const TITLE: &str = include_str!("content/title.sql");
/// Writes the research of a course from its reports.
pub const RESEARCH: &str = include_str!("content/research.sql");

/// The record keys of the files from which [`METADATA`] is written.
const METADATA_KEYS: [&str; 3] = ["brief", "outline", "curriculum"];
/// The record keys of the files from which [`RESEARCH`] is written.
const RESEARCH_KEYS: [&str; 4] =
    ["research/market_analysis", "research/content_gaps", "research/differentiation", "research/sources"];

/// Makes the content tables equal to these references, which the same transaction has added, changed or removed.
/// Returns the number of rows written.
pub async fn project(client: &impl GenericClient, course: &Course, ids: &[ReferenceId]) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let lessons = sql_ids(ids);
    let by_id: [(&(dyn ToSql + Sync), Type); 2] =
        [(&course.piece_id, Type::INT8), (&lessons, Type::UUID_ARRAY)];
    let by_source: [(&(dyn ToSql + Sync), Type); 2] =
        [(&course.piece_id, Type::INT8), (&course.source, Type::TEXT)];
    let own = &course.own;
    let keys_before = own.lesson_keys(client, course.piece_id, ids).await?;
    let mut num_rows = client.execute_typed(REMOVE_LESSONS, &by_id).await?;
    num_rows += client.query_typed_one(LESSONS, &by_id).await?.count("num_written")?;
    let has_any =
        |keys: &[&str]| keys.iter().any(|key| ids.contains(&ReferenceId::compute(&course.source, key)));
    if has_any(&METADATA_KEYS) {
        num_rows += client.execute_typed(METADATA, &by_source).await?;
        num_rows += client.execute_typed(TITLE, &by_source).await?;
    }
    // First, because the other tables may refer to it.
    num_rows += own.write_piece(client, course.piece_id).await?;
    if has_any(&METADATA_KEYS) {
        num_rows += own.write_metadata(client, course.piece_id).await?;
    }
    if has_any(&RESEARCH_KEYS) {
        num_rows += client.execute_typed(RESEARCH, &by_source).await?;
        num_rows += own.write_research(client, course.piece_id).await?;
    }
    num_rows += own.write_lessons(client, course.piece_id, ids, &keys_before).await?;
    Ok(num_rows)
}

/// Makes the content tables equal to all references of a course again, for example after somebody edited them. Returns
/// the number of rows written.
pub async fn project_all(client: &impl GenericClient, course: &Course, source_id: i32) -> Result<u64> {
    let statement = "select r.reference_id from forebay.\"references\" as r where r.source_id = $1";
    let rows = client.query_typed(statement, &[(&source_id, Type::INT4)]).await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        ids.push(row.read::<SqlId>("reference_id")?.0);
    }
    project(client, course, &ids).await
}
