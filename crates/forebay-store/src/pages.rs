//! Pages: the results of each page that was read, and the validators for its next request.
//!
//! A 304 response saves reading a page only if all of the page's records are still current. So a page is stored with
//! the ids of its records and its links, and [`find`] returns only reliable pages: read by the same parser version, in
//! a run that ended as complete or partial, with all references active, in the run's scope and not written by a later
//! run. All other pages are fetched like new ones, regardless of how their run ended.
//!
//! A 304 response is not stored, so an unchanged site writes nothing: `max-age` is honoured once, from the time the
//! page was read. After that, each run revalidates the page, which costs a 304.

use std::{collections::BTreeMap, time::Duration};

use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::Result,
    maintenance::{Expiring, Mode},
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// Reads the reliable pages.
pub const FIND: &str = include_str!("pages/find.sql");
/// Checks whether a file's page is reliable.
pub const FIND_FILE: &str = include_str!("pages/find_file.sql");
/// Writes new and changed pages.
pub const SAVE: &str = include_str!("pages/save.sql");

/// A SHA-256 digest, computed by the caller.
pub type PageKey = [u8; 32];

/// A page that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct PageEntry {
    /// Its key within its source: a digest of its URL and everything else that determines its results.
    pub key: PageKey,
    /// Its URL, without secrets.
    pub url: String,
    /// The entity tag, unchanged.
    pub etag: Option<String>,
    /// The `Last-Modified` date, unchanged.
    pub last_modified: Option<String>,
    /// Until when no request is needed.
    pub fresh_until: Option<Timestamp>,
    /// When it was read.
    pub fetched_at: Timestamp,
    /// Number of its records.
    pub num_records: i32,
    /// Their references.
    pub reference_ids: Vec<ReferenceId>,
    /// For each field, the number of records with a value.
    pub field_counts: BTreeMap<String, u64>,
    /// The links found on it.
    pub links: Value,
}

/// The reliable pages among `keys` for a run of this scope, in any order.
pub async fn find(
    client: &impl GenericClient,
    source_id: i32,
    parser_version: i32,
    scope: &str,
    keys: &[PageKey],
) -> Result<Vec<PageEntry>> {
    let hashes: Vec<&[u8]> = keys.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = client
        .query_typed(
            FIND,
            &[
                (&source_id, Type::INT4),
                (&parser_version, Type::INT4),
                (&hashes, Type::BYTEA_ARRAY),
                (&scope, Type::TEXT),
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The page of a scope's only file, if it is reliable. Its references are not listed, so the stored data must be
/// unchanged since its run. See [`save_file`].
pub async fn find_file(
    client: &impl GenericClient,
    source_id: i32,
    parser_version: i32,
    scope: &str,
    key: PageKey,
) -> Result<Option<PageEntry>> {
    let row = client
        .query_typed_opt(
            FIND_FILE,
            &[
                (&source_id, Type::INT4),
                (&parser_version, Type::INT4),
                (&key.as_slice(), Type::BYTEA),
                (&scope, Type::TEXT),
            ],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Stores pages that a run has read; of several with the same key, the last. Unchanged pages are not written. Returns
/// the number of written pages.
///
/// A page that contains a zero character, which Postgres can't store, is skipped and therefore read again.
pub async fn save(
    client: &impl GenericClient,
    source_id: i32,
    parser_version: i32,
    run_id: i64,
    pages: &[PageEntry],
) -> Result<u64> {
    write(client, source_id, parser_version, run_id, pages, false).await
}

/// Stores the file that a run has read. Always stores the run's id as well, because the file stands for everything that
/// the run stored.
pub async fn save_file(
    client: &impl GenericClient,
    source_id: i32,
    parser_version: i32,
    run_id: i64,
    file: &PageEntry,
) -> Result<u64> {
    write(client, source_id, parser_version, run_id, std::slice::from_ref(file), true).await
}

async fn write(
    client: &impl GenericClient,
    source_id: i32,
    parser_version: i32,
    run_id: i64,
    pages: &[PageEntry],
    always: bool,
) -> Result<u64> {
    let mut by_hash = BTreeMap::new();
    for page in pages {
        let field_counts = serde_json::to_string(&page.field_counts).unwrap_or_default();
        let links = page.links.to_string();
        if [&field_counts, &links].iter().all(|json| !json.contains("\\u0000")) && !page.url.contains('\0') {
            by_hash.insert(page.key, (page, field_counts, links));
        }
    }
    if by_hash.is_empty() {
        return Ok(0);
    }
    let mut hashes = Vec::new();
    let (mut urls, mut etags, mut last_modified) = (Vec::new(), Vec::new(), Vec::new());
    let (mut fresh_until, mut fetched_at, mut nums_records) = (Vec::new(), Vec::new(), Vec::new());
    let (mut field_counts, mut links) = (Vec::new(), Vec::new());
    // The ids of all pages in one array, and the start and end of each page in it, counted from 1.
    let (mut ids, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for (hash, (page, counts, page_links)) in by_hash {
        hashes.push(hash.to_vec());
        urls.push(&page.url);
        etags.push(&page.etag);
        last_modified.push(&page.last_modified);
        fresh_until.push(page.fresh_until);
        fetched_at.push(page.fetched_at);
        nums_records.push(page.num_records);
        field_counts.push(counts);
        links.push(page_links);
        firsts.push(position(ids.len() + 1));
        ids.extend(sql_ids(&page.reference_ids));
        lasts.push(position(ids.len()));
    }
    Ok(client
        .execute_typed(
            SAVE,
            &[
                (&source_id, Type::INT4),
                (&parser_version, Type::INT4),
                (&run_id, Type::INT8),
                (&hashes, Type::BYTEA_ARRAY),
                (&urls, Type::TEXT_ARRAY),
                (&etags, Type::TEXT_ARRAY),
                (&last_modified, Type::TEXT_ARRAY),
                (&fresh_until, Type::TIMESTAMPTZ_ARRAY),
                (&fetched_at, Type::TIMESTAMPTZ_ARRAY),
                (&nums_records, Type::INT4_ARRAY),
                (&field_counts, Type::TEXT_ARRAY),
                (&links, Type::TEXT_ARRAY),
                (&ids, Type::UUID_ARRAY),
                (&firsts, Type::INT4_ARRAY),
                (&lasts, Type::INT4_ARRAY),
                (&always, Type::BOOL),
            ],
        )
        .await?)
}

/// Deletes or counts pages read longer ago than `retention`. An unchanged page is not written, so it is read again once
/// in that time.
pub async fn prune(client: &impl GenericClient, retention: Duration, mode: Mode) -> Result<u64> {
    let expiring = Expiring {
        table: "forebay.http_validators",
        is_expired: "t.fetched_at < now() - make_interval(secs => $1)",
        age: "fetched_at",
    };
    expiring.prune(client, retention, mode).await
}

/// A position in a Postgres array, which has fewer elements than `i32::MAX`.
fn position(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

fn from_row(row: &Row) -> Result<PageEntry> {
    let ids: Vec<SqlId> = row.read("reference_ids")?;
    let counts: Value = row.read("field_counts")?;
    let counts = counts.as_object().into_iter().flatten();
    let key: &[u8] = row.read("url_hash")?;
    Ok(PageEntry {
        // The check constraint allows no other length.
        key: key.try_into().unwrap_or_default(),
        url: row.read("url")?,
        etag: row.read("etag")?,
        last_modified: row.read("last_modified")?,
        fresh_until: row.read("fresh_until")?,
        fetched_at: row.read("fetched_at")?,
        num_records: row.read("num_records")?,
        reference_ids: ids.into_iter().map(|id| id.0).collect(),
        field_counts: counts.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect(),
        links: row.read("links")?,
    })
}
