//! Versions of a course: tags, and the files that differ between two times.

use forebay_domain::content::version::Tag;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::{ReadRow, columns},
};

/// The files of a source at two times.
pub const DIFF: &str = include_str!("diff.sql");

/// Hashes of which the bytes are stored.
pub const WITH_BYTES: &str = include_str!("with_bytes.sql");

/// A tag with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedVersion {
    /// The tag.
    pub tag: String,
    /// The version is the course as it was at this time.
    pub tagged_at: Timestamp,
}

/// A file at two times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePair {
    /// Its path at the first time; `None`: it did not exist.
    pub path_before: Option<String>,
    /// Its path at the second time; `None`: it did not exist.
    pub path_after: Option<String>,
    /// Whether its bytes are the same.
    pub is_equal: bool,
    /// Whether it differs in line endings only.
    pub is_line_endings_only: bool,
    /// Its text at the first time; `None`: it did not exist, is not text, or is equal.
    pub content_before: Option<String>,
    /// Its text at the second time; `None` as above.
    pub content_after: Option<String>,
}

/// Names the state of a course at a time. Returns the time that the tag names: a tag is never moved.
pub async fn tag(client: &impl GenericClient, piece_id: i64, tag: &Tag, at: Timestamp) -> Result<Timestamp> {
    let statement = "insert into forebay.content_tags (piece_id, tag, tagged_at) values ($1, $2, $3) \
         on conflict (piece_id, tag) do nothing returning tagged_at";
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&piece_id, Type::INT8), (&tag.as_str(), Type::TEXT), (&at, Type::TIMESTAMPTZ)];
    if let Some(row) = client.query_typed_opt(statement, &parameters).await? {
        return row.read("tagged_at");
    }
    let statement = "select tagged_at from forebay.content_tags where piece_id = $1 and tag = $2";
    client.query_typed_one(statement, &parameters[..2]).await?.read("tagged_at")
}

/// When the first file of a source was stored; `None`: none ever was.
pub async fn first_version(client: &impl GenericClient, source_id: i32) -> Result<Option<Timestamp>> {
    let statement =
        "select min(first_seen_at) as first_version from forebay.\"references\" where source_id = $1";
    client.query_typed_one(statement, &[(&source_id, Type::INT4)]).await?.read("first_version")
}

/// Those of the hashes of which the database has the bytes: in a file of the source, or in its history. Hashes are
/// hexadecimal.
pub async fn with_bytes(
    client: &impl GenericClient,
    source_id: i32,
    hashes: &[String],
) -> Result<Vec<String>> {
    let rows =
        client.query_typed(WITH_BYTES, &[(&source_id, Type::INT4), (&hashes, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| row.read("content_hash")).collect()
}

/// The tags of a course, oldest version first.
pub async fn tags(client: &impl GenericClient, piece_id: i64) -> Result<Vec<TaggedVersion>> {
    let statement = "select tag, tagged_at from forebay.content_tags where piece_id = $1 \
         order by tagged_at, tag collate \"C\"";
    let rows = client.query_typed(statement, &[(&piece_id, Type::INT8)]).await?;
    rows.iter()
        .map(|row| Ok(TaggedVersion { tag: row.read("tag")?, tagged_at: row.read("tagged_at")? }))
        .collect()
}

/// The files of a source at two times, by path. Files that exist at neither are left out.
pub async fn diff(
    client: &impl GenericClient,
    source: &str,
    before: Timestamp,
    after: Timestamp,
) -> Result<Vec<FilePair>> {
    let rows = client
        .query_typed(
            DIFF,
            &[(&source, Type::TEXT), (&before, Type::TIMESTAMPTZ), (&after, Type::TIMESTAMPTZ)],
        )
        .await?;
    let [path_before, path_after, is_equal, is_line_endings_only, content_before, content_after] = columns(
        &rows,
        ["path_before", "path_after", "is_equal", "is_line_endings_only", "content_before", "content_after"],
    )?;
    rows.iter()
        .map(|row| {
            Ok(FilePair {
                path_before: row.read(path_before)?,
                path_after: row.read(path_after)?,
                is_equal: row.read(is_equal)?,
                is_line_endings_only: row.read::<Option<bool>>(is_line_endings_only)?.unwrap_or(false),
                content_before: row.read(content_before)?,
                content_after: row.read(content_after)?,
            })
        })
        .collect()
}
