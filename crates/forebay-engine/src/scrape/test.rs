//! Tests the settings of a source: reads a few pages or records and writes nothing.
//!
//! The source is read as in a run, with the same fetcher, limits and robots.txt, but only a few pages, and none from
//! memory. Records are prepared as in a run, so their keys are the final ones. Nothing is remembered, the breaker is
//! neither checked nor updated, and a tap gets no state.

use std::{collections::HashSet, io::Read, sync::Arc};

use forebay_domain::{
    entity::EntityCheck,
    identity::{HASH_FIELD, ReferenceId, SCOPE_FIELD, key_in_scope},
    json::DEFAULT_MAX_DEPTH,
    prepare::{Preparer, RecordPolicy},
    reject::RejectReason,
    scope::Scope,
};
use forebay_sources::{
    Block, Link, ReadOptions, Reader, Role,
    crawl::{CrawlSettings, Crawled, PageOutcome},
    fetch::redact_url,
};
use forebay_store::references;
use tokio::task;

use super::{
    definition::{SourceDefinition, SourceKind},
    feed,
    options::ScrapeOptions,
    rows,
    sample::{Sample, SampleLink, SamplePage, SampleRecord, SampleRejected},
    scraper::Scraper,
};
use crate::{
    error::{Error, Result},
    persist::{Feed, tap},
};

/// Maximum number of pages to fetch.
const MAX_PAGES: u32 = 10;
/// Maximum number of links to show.
const MAX_LINKS: usize = 10;
/// Maximum number of rejected records to show.
const MAX_REJECTED: usize = 10;
/// No run has this id; a program receives it as `FOREBAY_RUN_ID`.
const NO_RUN: i64 = 0;

/// Reads the first `limit` records of a source and writes nothing.
///
/// Errors: those of the source, if no page could be read; those of a run before it begins.
pub async fn test(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    limit: usize,
) -> Result<Sample> {
    source.check_scope(scope)?;
    let mut sample = read(scraper, source, scope, limit).await?;
    if let SourceKind::Postgres(postgres) = &source.kind {
        sample.rows_by_version = rows::rows_by_version(&scraper.database, source, postgres).await?;
    }
    sample.warnings.extend(shared_keys(scraper, source, scope, &sample, limit).await?);
    Ok(sample)
}

/// Warns if keys of the sample are in another scope: in the start of another declared one, or in the database.
async fn shared_keys(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    sample: &Sample,
    limit: usize,
) -> Result<Option<String>> {
    if source.key_fields.iter().any(|field| field == SCOPE_FIELD) {
        return Ok(None);
    }
    let keys: HashSet<&str> = sample.records.iter().map(|record| record.record_key.as_str()).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    if let Some(other) = source.scopes.iter().find(|other| *other != scope)
        // The test is about the scope that was asked for, so another one that can't be read is no error.
        && let Ok(of_other) = read(scraper, source, other, limit).await
    {
        let theirs: HashSet<&str> =
            of_other.records.iter().map(|record| record.record_key.as_str()).collect();
        let num_shared = keys.intersection(&theirs).count();
        if num_shared > 0 {
            return Ok(Some(shared_warning(
                num_shared as u64,
                keys.len(),
                &format!("in the scope [{other}]"),
            )));
        }
    }
    let ids: Vec<ReferenceId> = keys.iter().map(|key| ReferenceId::compute(&source.name, key)).collect();
    let client = scraper.database.client().await?;
    let elsewhere = references::active_elsewhere(&**client, &ids, &scope.to_string()).await?;
    Ok(elsewhere.map(|(num_shared, other)| {
        let place = match other.as_str() {
            "" => "stored for the whole source".to_owned(),
            other => format!("stored in the scope [{other}]"),
        };
        shared_warning(num_shared, keys.len(), &place)
    }))
}

fn shared_warning(num_shared: u64, num_keys: usize, place: &str) -> String {
    format!(
        "{num_shared} of {num_keys} keys are also {place}: the same key in two scopes is one record, which the last run takes \
         over. If these are other records, set key_in_scope = true, or add a field to the key that differs between the scopes"
    )
}

/// Reads the first records of a scope.
async fn read(scraper: &Scraper, source: &SourceDefinition, scope: &Scope, limit: usize) -> Result<Sample> {
    let mut short = source.clone();
    short.crawl = CrawlSettings {
        max_pages: MAX_PAGES.min(source.crawl.max_pages),
        concurrency: 1,
        ..source.crawl.clone()
    };
    let options = ScrapeOptions { read_everything: true, ..ScrapeOptions::default() };
    let begin = feed::begin(scraper, &short, scope, None, &options, None);
    let feed = begin(NO_RUN).await?;
    let mut looking = Looking::new(source, scope, limit, feed.is_tap());
    match feed {
        Feed::Pages { mut pages, end, .. } => {
            while !looking.is_full()
                && let Some(crawled) = pages.recv().await
            {
                looking.page(crawled)?;
            }
            // The crawl ends when its receiver is dropped.
            drop(pages);
            let ended = end.await.map_err(|_| Error::Reader)?;
            looking.sample.has_more |= ended.incomplete.is_some();
        }
        Feed::Bytes { reader, options, .. } => {
            looking = task::spawn_blocking(move || looking.bytes(reader, &options))
                .await
                .map_err(|_| Error::Reader)??;
        }
        // Nothing is remembered, so the source cannot be unchanged; and the feed has already begun.
        Feed::Unchanged { .. } | Feed::Later { .. } => {}
    }
    Ok(looking.finish())
}

/// A test in progress.
struct Looking {
    preparer: Preparer,
    key_fields: Vec<String>,
    limit: usize,
    sample: Sample,
    /// The page whose parts arrive.
    page: Option<SamplePage>,
}

impl Looking {
    fn new(source: &SourceDefinition, scope: &Scope, limit: usize, is_tap: bool) -> Self {
        let given = source.removed_when.clone();
        let removed_when = if is_tap { tap::removed_when(given, &source.key_fields) } else { given };
        let policy = RecordPolicy {
            source: source.name.clone(),
            key: key_in_scope(&source.key_fields, &scope.to_string()),
            rules: source.rules.clone(),
            removed_when: removed_when.field().cloned(),
            entity: source.entities.get(&source.entity_type).map(EntityCheck::new),
            max_depth: DEFAULT_MAX_DEPTH,
        };
        Self {
            preparer: Preparer::new(Arc::new(policy)),
            key_fields: in_record(&source.key_fields),
            limit,
            sample: Sample::default(),
            page: None,
        }
    }

    fn is_full(&self) -> bool {
        self.sample.records.len() >= self.limit
    }

    /// Adds a page. If the first page cannot be read, that is an error, because there is nothing else to show.
    fn page(&mut self, crawled: Crawled) -> Result<()> {
        let Crawled { link, outcome } = crawled;
        let mut page = self.page.take().unwrap_or_else(|| SamplePage {
            url: redact_url(&link.url),
            role: role(&link),
            num_records: 0,
            num_links: 0,
            num_refused_links: 0,
            problem: None,
        });
        match outcome {
            PageOutcome::Part { block, .. } => {
                page.num_records += block.records.len() as u64;
                self.page = Some(page);
                self.block(&block);
                return Ok(());
            }
            PageOutcome::Read { harvest, .. } => {
                page.num_records += harvest.block.records.len() as u64;
                page.num_links = harvest.links.len() as u64;
                page.num_refused_links = harvest.num_refused_links.into();
                self.links(&harvest.links);
                self.block(&harvest.block);
            }
            PageOutcome::Failed { error } if self.sample.pages.is_empty() => return Err(error.into()),
            PageOutcome::Failed { error } => page.problem = Some((error.code(), error.to_string())),
            PageOutcome::Gone { status } => {
                page.problem = Some(("gone", format!("the server responded {status}")));
            }
            PageOutcome::Unchanged { .. } => {}
        }
        self.sample.pages.push(page);
        Ok(())
    }

    fn links(&mut self, links: &[Link]) {
        self.sample.num_links += links.len() as u64;
        let room = MAX_LINKS.saturating_sub(self.sample.links.len());
        let found =
            links.iter().take(room).map(|link| SampleLink { url: redact_url(&link.url), role: role(link) });
        self.sample.links.extend(found);
    }

    /// Reads a stream until enough records were found. An error after the first record is a part of the sample.
    fn bytes(mut self, reader: Box<dyn Read + Send>, options: &ReadOptions) -> Result<Self> {
        let mut reader = Reader::open(reader, options)?;
        let mut block = Block::default();
        while !self.is_full() {
            match reader.next_block(&mut block) {
                Ok(true) => self.block(&block),
                Ok(false) => return Ok(self),
                Err(error) if !self.sample.records.is_empty() => {
                    self.sample.ended_early = Some((error.code(), error.to_string()));
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.sample.has_more = true;
        Ok(self)
    }

    fn block(&mut self, block: &Block) {
        for rejected in &block.rejected {
            let reject = &rejected.reject;
            self.reject(rejected.place.line, reject.reason.as_str(), &reject.message, &rejected.raw);
        }
        for span in &block.records {
            if self.is_full() {
                self.sample.has_more = true;
                return;
            }
            let text = block.text(span);
            let (mut payload, mut keys) = (Vec::new(), String::new());
            match self.preparer.prepare(text, &mut payload, &mut keys) {
                Ok(prepared) => {
                    let payload = String::from_utf8_lossy(&payload).into_owned();
                    let is_marked = prepared.removes;
                    self.sample.records.push(SampleRecord { payload, record_key: keys, is_marked });
                }
                Err(reject) => {
                    self.count_missing(text, reject.reason == RejectReason::EmptyKey);
                    self.reject(span.place.line, reject.reason.as_str(), &reject.message, text);
                }
            }
        }
    }

    fn reject(&mut self, line: u64, reason_code: &'static str, message: &str, raw: &[u8]) {
        self.sample.num_rejected += 1;
        if self.sample.rejected.len() < MAX_REJECTED {
            let head: String = String::from_utf8_lossy(raw).chars().take(200).collect();
            self.sample.rejected.push(SampleRejected {
                line,
                reason_code,
                message: message.to_owned(),
                head,
            });
        }
    }

    /// Counts the key fields that are missing in a record. An empty text counts as missing only if the whole key is
    /// empty.
    fn count_missing(&mut self, record: &[u8], is_empty: bool) {
        let Ok(record) = serde_json::from_slice::<serde_json::Value>(record) else { return };
        for field in &self.key_fields {
            let value = if field.starts_with('/') { record.pointer(field) } else { record.get(field) };
            if value.is_none_or(|value| value.is_null() || (is_empty && value == "")) {
                *self.sample.missing_keys.entry(field.clone()).or_default() += 1;
            }
        }
    }

    fn finish(mut self) -> Sample {
        // Nobody has read the rest of the page.
        self.sample.has_more |= self.page.is_some();
        self.sample.pages.extend(self.page.take());
        let coverage = self.preparer.take_coverage();
        self.sample.field_coverage =
            coverage.fields().map(|field| (field.name.to_owned(), field.share)).collect();
        self.sample
    }
}

/// The key fields that are fields of a record.
fn in_record(key_fields: &[String]) -> Vec<String> {
    let is_field = |field: &&String| ![SCOPE_FIELD, HASH_FIELD].contains(&field.as_str());
    key_fields.iter().filter(is_field).cloned().collect()
}

fn role(link: &Link) -> &'static str {
    match link.role {
        Role::Sitemap => "sitemap",
        Role::Listing => "listing",
        Role::Detail => "detail",
    }
}
