//! Writes the content tables from references.

use std::sync::LazyLock;

use forebay_domain::identity::ReferenceId;
use serde_json::Value;
use tokio_postgres::{Transaction, types::Type};

use super::{
    course::Course,
    projection::{LESSONS, METADATA, RESEARCH, TITLE},
    refused::{Parameter, Projected, is_accepted},
};
use crate::{error::Result, types::sql_ids};

/// Deletes lessons that the course does not have.
const REMOVE_LESSONS: &str = include_str!("remove_lessons.sql");
/// Deletes the rows of lessons that cannot be written as they are now.
const FORGET_LESSONS: &str =
    "delete from forebay.course_lessons as l where l.piece_id = $1 and l.reference_id = any($2)";

static WRITE_LESSONS: LazyLock<String> = LazyLock::new(|| LESSONS.upsert("and r.reference_id = any($2)"));
static WRITE_METADATA: LazyLock<String> = LazyLock::new(|| METADATA.upsert(""));
static WRITE_TITLE: LazyLock<String> = LazyLock::new(|| TITLE.update());
static WRITE_RESEARCH: LazyLock<String> = LazyLock::new(|| RESEARCH.upsert(""));

/// The record keys of the files from which [`METADATA`] is written.
const METADATA_KEYS: [&str; 3] = ["curriculum", "brief", "outline"];
/// The record keys of the files from which [`RESEARCH`] is written.
const RESEARCH_KEYS: [&str; 4] =
    ["research/market_analysis", "research/content_gaps", "research/differentiation", "research/sources"];

/// Makes the content tables equal to these references, which the same transaction has added, changed or removed. A row
/// that the database refuses costs only that row.
pub async fn project(
    transaction: &Transaction<'_>,
    course: &Course,
    ids: &[ReferenceId],
) -> Result<Projected> {
    let has_any = |files: &[ReferenceId]| files.iter().any(|id| ids.contains(id));
    let parts = Parts {
        metadata: has_any(&course.files(&METADATA_KEYS)),
        research: has_any(&course.files(&RESEARCH_KEYS)),
        performance: false,
    };
    if ids.is_empty() { Ok(Projected::default()) } else { write(transaction, course, ids, parts).await }
}

/// Makes rows equal to their references again, for example after somebody edited them: those of these lessons, and all
/// of the course itself.
pub async fn repair(
    transaction: &Transaction<'_>,
    course: &Course,
    ids: &[ReferenceId],
) -> Result<Projected> {
    write(transaction, course, ids, Parts { metadata: true, research: true, performance: true }).await
}

/// Which rows of a course itself are written.
#[derive(Clone, Copy)]
struct Parts {
    metadata: bool,
    research: bool,
    /// Measurements, in the user's own table.
    performance: bool,
}

async fn write(
    transaction: &Transaction<'_>,
    course: &Course,
    ids: &[ReferenceId],
    parts: Parts,
) -> Result<Projected> {
    let Course { piece_id, source, own, .. } = course;
    let lessons = sql_ids(ids);
    let by_id: [Parameter<'_>; 2] = [(piece_id, Type::INT8), (&lessons, Type::UUID_ARRAY)];
    let by_source: [Parameter<'_>; 2] = [(piece_id, Type::INT8), (source, Type::TEXT)];
    let (of_metadata, of_research) = (course.files(&METADATA_KEYS), course.files(&RESEARCH_KEYS));
    let keys_before = own.lesson_keys(transaction, *piece_id, ids).await?;
    let mut written = Projected::default();
    written.num_rows += transaction.execute_typed(REMOVE_LESSONS, &by_id).await?;
    let refused = written.write_lessons(transaction, LESSONS.table, &WRITE_LESSONS, *piece_id, ids).await?;
    if !refused.is_empty() {
        // An old row would hold a number that another lesson may have now.
        let refused = sql_ids(&refused);
        let refused: [Parameter<'_>; 2] = [(piece_id, Type::INT8), (&refused, Type::UUID_ARRAY)];
        transaction.execute_typed(FORGET_LESSONS, &refused).await?;
    }
    if parts.metadata {
        for (projection, statement) in [(METADATA, &WRITE_METADATA), (TITLE, &WRITE_TITLE)] {
            written.write_course(transaction, projection.table, statement, &by_source, &of_metadata).await?;
        }
    }
    if parts.research {
        written.write_course(transaction, RESEARCH.table, &WRITE_RESEARCH, &by_source, &of_research).await?;
    }
    written.add(write_own(transaction, course, ids, parts, &keys_before).await?);
    Ok(written)
}

/// Writes the rows of own tables. If a constraint that is checked only at the end of the transaction would fail, it is
/// checked after each statement instead, to find the rows that it refuses.
async fn write_own(
    transaction: &Transaction<'_>,
    course: &Course,
    ids: &[ReferenceId],
    parts: Parts,
    keys_before: &[Value],
) -> Result<Projected> {
    let Some(check) = course.own.check_deferred() else {
        return fill_own(transaction, course, ids, parts, keys_before, None).await;
    };
    transaction.batch_execute("savepoint own_tables").await?;
    let written = fill_own(transaction, course, ids, parts, keys_before, None).await?;
    if is_accepted(transaction, check).await? {
        transaction.batch_execute("release savepoint own_tables").await?;
        return Ok(written);
    }
    transaction.batch_execute("rollback to savepoint own_tables; release savepoint own_tables").await?;
    fill_own(transaction, course, ids, parts, keys_before, Some(check)).await
}

async fn fill_own(
    transaction: &Transaction<'_>,
    course: &Course,
    ids: &[ReferenceId],
    parts: Parts,
    keys_before: &[Value],
    check: Option<&str>,
) -> Result<Projected> {
    let Course { piece_id, own, .. } = course;
    let (of_metadata, of_research) = (course.files(&METADATA_KEYS), course.files(&RESEARCH_KEYS));
    let mut written = Projected::checking(check);
    // First, because the other tables may refer to it.
    own.write_piece(transaction, *piece_id, &of_metadata, &mut written).await?;
    if parts.metadata {
        own.write_metadata(transaction, *piece_id, &of_metadata, &mut written).await?;
    }
    if parts.research {
        own.write_research(transaction, *piece_id, &of_research, &mut written).await?;
    }
    own.write_lessons(transaction, *piece_id, ids, keys_before, &mut written).await?;
    if parts.performance {
        own.write_performance(transaction, *piece_id, &mut written).await?;
    }
    Ok(written)
}

/// Writes the metadata of a course, with its last approval.
pub(super) async fn write_metadata(transaction: &Transaction<'_>, course: &Course) -> Result<Projected> {
    let Course { piece_id, source, own, .. } = course;
    let by_source: [Parameter<'_>; 2] = [(piece_id, Type::INT8), (source, Type::TEXT)];
    let files = course.files(&METADATA_KEYS);
    let mut written = Projected::default();
    written.write_course(transaction, METADATA.table, &WRITE_METADATA, &by_source, &files).await?;
    own.write_metadata(transaction, *piece_id, &files, &mut written).await?;
    Ok(written)
}

impl Course {
    /// The references of its files with these keys.
    fn files(&self, keys: &[&str]) -> Vec<ReferenceId> {
        keys.iter().map(|key| ReferenceId::compute(&self.source, key)).collect()
    }
}
