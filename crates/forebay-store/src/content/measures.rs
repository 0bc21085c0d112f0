//! Measures and decisions: scores, validation, status, approval, performance. No file of a course contains them, so
//! they are written here directly.

use forebay_domain::{content::ContentStatus, identity::VersionHash};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use super::{
    course::Course,
    project::write_metadata,
    refused::{Parameter, Projected, RefusedRow, is_accepted},
};
use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

/// Measures of one lesson. Values that are `None` do not change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LessonMeasures {
    /// How clearly goal, position and steps are stated, 0 to 1.
    pub gps_score: Option<f64>,
    /// How many elements of good teaching the text has, 0 to 1.
    pub didatica_score: Option<f64>,
    /// `pending`, `passed`, `warning` or `failed`.
    pub validation_status: Option<String>,
    /// The findings of the validation, an array of objects.
    pub validation_issues: Option<Value>,
    /// Duration of its generation.
    pub generation_seconds: Option<f64>,
    /// Cost of its generation.
    pub generation_cost: Option<f64>,
    /// Number of failed attempts before the text was generated.
    pub num_retries: Option<i32>,
}

/// An approval of a curriculum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When it was approved.
    pub approved_at: Timestamp,
    /// Who approved it.
    pub approved_by: String,
    /// SHA-256 of the approved file.
    pub content_hash: [u8; 32],
}

/// The measures of the lesson in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredLesson {
    /// The path of the file in the course folder.
    pub path: String,
    /// SHA-256 of the measured file.
    pub content_hash: [u8; 32],
    /// The measures.
    pub measures: LessonMeasures,
}

/// The result of measuring lessons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// The paths of the lessons that the course has with the measured content.
    pub found: Vec<String>,
    /// The rows of own tables that the database refused.
    pub refused: Vec<RefusedRow>,
}

/// Updates the measures of lessons in one statement.
pub async fn update_lessons(
    transaction: &Transaction<'_>,
    course: &Course,
    lessons: &[MeasuredLesson],
) -> Result<Measured> {
    let (mut paths, mut hashes, mut gps, mut didatica, mut statuses, mut issues) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut seconds, mut costs, mut retries) = (Vec::new(), Vec::new(), Vec::new());
    for MeasuredLesson { path, content_hash, measures } in lessons {
        paths.push(path.as_str());
        hashes.push(SqlHash(VersionHash(*content_hash)));
        gps.push(measures.gps_score);
        didatica.push(measures.didatica_score);
        statuses.push(measures.validation_status.as_deref());
        issues.push(measures.validation_issues.as_ref());
        seconds.push(measures.generation_seconds);
        costs.push(measures.generation_cost);
        retries.push(measures.num_retries);
    }
    let rows = transaction
        .query_typed(
            include_str!("measure_lessons.sql"),
            &[
                (&course.piece_id, Type::INT8),
                (&paths, Type::TEXT_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&gps, Type::FLOAT8_ARRAY),
                (&didatica, Type::FLOAT8_ARRAY),
                (&statuses, Type::TEXT_ARRAY),
                (&issues, Type::JSONB_ARRAY),
                (&seconds, Type::FLOAT8_ARRAY),
                (&costs, Type::FLOAT8_ARRAY),
                (&retries, Type::INT4_ARRAY),
            ],
        )
        .await?;
    let mut ids = Vec::with_capacity(rows.len());
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        ids.push(row.read::<SqlId>("reference_id")?.0);
        found.push(row.read("file_path")?);
    }
    let mut written = Projected::default();
    course.own.write_lessons(transaction, course.piece_id, &ids, &[], &mut written).await?;
    Ok(Measured { found, refused: written.refused })
}

/// Updates the measures of lessons whose files this transaction writes. Returns the paths of those that it took, or
/// none if a value is refused: the files are stored all the same.
pub async fn measure_written(
    transaction: &Transaction<'_>,
    course: &Course,
    lessons: &[MeasuredLesson],
) -> Result<Vec<String>> {
    transaction.batch_execute("savepoint measures").await?;
    let is_taken = match update_lessons(transaction, course, lessons).await {
        Ok(measured) if measured.refused.is_empty() => match course.own.check_deferred() {
            Some(check) => is_accepted(transaction, check).await?.then_some(measured.found),
            None => Some(measured.found),
        },
        Ok(_) => None,
        Err(error) if error.is_about_data() => None,
        Err(error) => return Err(error),
    };
    let end = match is_taken {
        Some(_) => "release savepoint measures",
        None => "rollback to savepoint measures; release savepoint measures",
    };
    transaction.batch_execute(end).await?;
    Ok(is_taken.unwrap_or_default())
}

/// Records how well a course matches the voice of its persona. Returns the rows of own tables that were refused.
pub async fn update_voice_fidelity(
    transaction: &Transaction<'_>,
    course: &Course,
    score: f64,
) -> Result<Vec<RefusedRow>> {
    let statement = "update forebay.content_pieces set voice_fidelity_score = $2, updated_at = now() \
         where piece_id = $1 and voice_fidelity_score is distinct from $2";
    transaction.execute_typed(statement, &[(&course.piece_id, Type::INT8), (&score, Type::FLOAT8)]).await?;
    let mut written = Projected::default();
    course.own.write_piece(transaction, course.piece_id, &[], &mut written).await?;
    Ok(written.refused)
}

/// Sets the status of a course. Returns whether it had another one, and the rows of own tables that were refused.
pub async fn set_status(
    transaction: &Transaction<'_>,
    course: &Course,
    status: ContentStatus,
) -> Result<(bool, Vec<RefusedRow>)> {
    let statement = "update forebay.content_pieces set status = $2, updated_at = now() \
         where piece_id = $1 and status <> $2";
    let status = status.as_str();
    let parameters: [Parameter<'_>; 2] = [(&course.piece_id, Type::INT8), (&status, Type::TEXT)];
    let num_rows = transaction.execute_typed(statement, &parameters).await?;
    let mut written = Projected::default();
    course.own.write_piece(transaction, course.piece_id, &[], &mut written).await?;
    course.own.write_metadata(transaction, course.piece_id, &[], &mut written).await?;
    Ok((num_rows > 0, written.refused))
}

/// Records a measurement of published content. A second one of the same metric and time replaces the first. Returns the
/// rows of own tables that were refused.
pub async fn record_performance(
    transaction: &Transaction<'_>,
    course: &Course,
    metric: &str,
    value: f64,
    recorded_at: Timestamp,
) -> Result<Vec<RefusedRow>> {
    let month = "select forebay_private.ensure_month('content_performance', $1)";
    transaction.query_typed(month, &[(&recorded_at, Type::TIMESTAMPTZ)]).await?;
    let statement = "insert into forebay.content_performance as p (piece_id, metric, value, recorded_at) \
         values ($1, $2, $3, $4) \
         on conflict (piece_id, metric, recorded_at) do update set value = excluded.value \
         where p.value is distinct from excluded.value";
    transaction
        .execute_typed(
            statement,
            &[
                (&course.piece_id, Type::INT8),
                (&metric, Type::TEXT),
                (&value, Type::FLOAT8),
                (&recorded_at, Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    let mut written = Projected::default();
    course.own.write_measurement(transaction, course.piece_id, metric, recorded_at, &mut written).await?;
    Ok(written.refused)
}

/// Records the approval of a curriculum with this text, unless it is recorded. Without a text, it is that of the stored
/// file. `None`: the stored file is not the one that was approved. Else the rows that were refused.
pub async fn approve(
    transaction: &Transaction<'_>,
    course: &Course,
    approval: &Approval,
    curriculum: Option<&str>,
) -> Result<Option<Vec<RefusedRow>>> {
    let row = transaction
        .query_typed_opt(
            include_str!("approve.sql"),
            &[
                (&course.piece_id, Type::INT8),
                (&course.source, Type::TEXT),
                (&approval.approved_at, Type::TIMESTAMPTZ),
                (&approval.approved_by, Type::TEXT),
                (&SqlHash(VersionHash(approval.content_hash)), Type::BYTEA),
                (&curriculum, Type::TEXT),
            ],
        )
        .await?;
    if row.is_none() {
        return Ok(None);
    }
    Ok(Some(write_metadata(transaction, course).await?.refused))
}

/// All approvals of a course's curricula, newest first.
pub async fn approvals(client: &impl GenericClient, piece_id: i64) -> Result<Vec<Approval>> {
    let statement = "select approved_at, approved_by, content_hash from forebay.curriculum_approvals \
         where piece_id = $1 order by approved_at desc";
    let rows = client.query_typed(statement, &[(&piece_id, Type::INT8)]).await?;
    rows.iter().map(approval).collect()
}

fn approval(row: &tokio_postgres::Row) -> Result<Approval> {
    Ok(Approval {
        approved_at: row.read("approved_at")?,
        approved_by: row.read("approved_by")?,
        content_hash: row.read::<SqlHash>("content_hash")?.0.0,
    })
}
