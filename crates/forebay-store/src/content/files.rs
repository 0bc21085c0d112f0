//! The files of a course, as stored.

use forebay_domain::identity::{ReferenceId, VersionHash};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::{ReadRow, columns},
    types::{SqlHash, SqlId},
};

/// The active files of a source.
pub const FILES: &str = include_str!("files.sql");

/// A stored file of a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The key of its reference.
    pub record_key: String,
    /// Its path in the course folder.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub content_hash: [u8; 32],
    /// SHA-256 of its text with line endings as LF; `None`: it isn't text.
    pub text_hash: Option<[u8; 32]>,
    /// The lesson's id from its front matter; `None`: it is no lesson, or has none.
    pub lesson_id: Option<String>,
    /// Module and number of a lesson.
    pub number: Option<(u32, u32)>,
    /// Whether its row in the content tables has the same content. Always true unless it is a lesson.
    pub is_projected: bool,
}

/// The active files of a source, in the order of their paths' bytes.
pub async fn files(client: &impl GenericClient, source_id: i32) -> Result<Vec<StoredFile>> {
    let rows = client.query_typed(FILES, &[(&source_id, Type::INT4)]).await?;
    let [
        reference_id,
        record_key,
        path,
        size,
        content_hash,
        text_hash,
        lesson_id,
        module,
        lesson,
        is_projected,
    ] = columns(
        &rows,
        [
            "reference_id",
            "record_key",
            "path",
            "size",
            "content_hash",
            "text_hash",
            "lesson_id",
            "module",
            "lesson",
            "is_projected",
        ],
    )?;
    rows.iter()
        .map(|row| {
            Ok(StoredFile {
                reference_id: row.read::<SqlId>(reference_id)?.0,
                record_key: row.read(record_key)?,
                path: row.read(path)?,
                size: row.count(size)?,
                content_hash: row.read::<SqlHash>(content_hash)?.0.0,
                text_hash: row.read::<Option<SqlHash>>(text_hash)?.map(|SqlHash(VersionHash(hash))| hash),
                lesson_id: row.read(lesson_id)?,
                number: number(row.read(module)?, row.read(lesson)?),
                is_projected: row.read::<Option<bool>>(is_projected)?.unwrap_or(false),
            })
        })
        .collect()
}

/// The files of a source whose removal guards withhold.
pub async fn withheld_removals(client: &impl GenericClient, source_id: i32) -> Result<Vec<ReferenceId>> {
    let statement = "select c.reference_id from forebay.scrape_runs as r \
         join forebay.scrape_run_changes as c using (run_id) \
         where r.source_id = $1 and r.scope = '' and r.status = 'held' and c.change = 'removed' and c.is_withheld";
    let rows = client.query_typed(statement, &[(&source_id, Type::INT4)]).await?;
    rows.iter().map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).collect()
}

fn number(module: Option<i32>, lesson: Option<i32>) -> Option<(u32, u32)> {
    Some((u32::try_from(module?).ok()?, u32::try_from(lesson?).ok()?))
}
