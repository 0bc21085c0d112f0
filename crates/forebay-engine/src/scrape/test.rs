//! A look at what a source yields, without writing anything: for whoever sets one up.
//!
//! The source is asked as a run would ask it, with its fetcher, limits and robots.txt, but for a few pages only, and for
//! everything anew. Records are prepared as a run prepares them, so that their keys are the ones that they will have.
//! Nothing is remembered, no breaker is asked or told, and a tap gets no state.

use std::{collections::BTreeMap, io::Read, sync::Arc};

use forebay_domain::{
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
use forebay_store::{sources::Source, user_rows::VersionCount};
use tokio::task;

use super::{ScrapeOptions, Scraper, SourceDefinition, SourceKind, check_scope, feed};
use crate::{
    error::{Error, Result},
    persist::Feed,
};

/// The most pages that are fetched.
const MAX_PAGES: u32 = 10;
/// The most links that are shown.
const MAX_LINKS: usize = 10;
/// The most rejected pieces that are shown.
const MAX_REJECTED: usize = 10;
/// No run has this number, which a program is told as `FOREBAY_RUN_ID`.
const NO_RUN: i64 = 0;

/// What a source yields at its beginning.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The first records, at most as many as were asked for.
    pub records: Vec<SampleRecord>,
    /// Pieces that are no records, or have no key; the first of them.
    pub rejected: Vec<SampleRejected>,
    /// How many those are in all that was read.
    pub num_rejected: u64,
    /// In which share (0 to 1) of the records each field had a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// Key fields that a record lacked, and how many did.
    pub missing_keys: BTreeMap<String, u64>,
    /// The pages that were read, in their order.
    pub pages: Vec<SamplePage>,
    /// The first links that were found, whether or not they were followed.
    pub links: Vec<SampleLink>,
    /// How many links were found.
    pub num_links: u64,
    /// Whether there may be more than was looked at.
    pub has_more: bool,
    /// All rows of a table or query of Postgres by the version of their contract, if a column tells.
    pub rows_by_version: Vec<VersionCount>,
}

/// A record.
#[derive(Clone, Debug)]
pub struct SampleRecord {
    /// What would be stored, as JSON (RFC 8785).
    pub payload: String,
    /// Its key; fields that make it, in order, joined as in `record_key`.
    pub record_key: String,
}

/// A piece that is no record.
#[derive(Clone, Debug)]
pub struct SampleRejected {
    /// Where it stood: its line, on a page its number.
    pub line: u64,
    /// Why, as a stable word.
    pub reason_code: &'static str,
    /// Why, as a sentence.
    pub message: String,
    /// Its first characters.
    pub head: String,
}

/// A page.
#[derive(Clone, Debug)]
pub struct SamplePage {
    /// Where it is, without secrets.
    pub url: String,
    /// What it is to the source: `sitemap`, `listing` or `detail`.
    pub role: &'static str,
    /// Records on it.
    pub num_records: u64,
    /// Links on it that would be followed.
    pub num_links: u64,
    /// Links on it that lead to a host that the source does not allow, or to no page.
    pub num_refused_links: u64,
    /// What became of it, if it could not be read: a stable code and a sentence.
    pub problem: Option<(&'static str, String)>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleLink {
    /// Where it leads, without secrets.
    pub url: String,
    /// What is there: `sitemap`, `listing` or `detail`.
    pub role: &'static str,
}

/// Asks a source for its first `limit` records and writes nothing.
///
/// Errors: those of the source, when not one page could be had; what a run answers with before it begins.
pub async fn test(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    limit: usize,
) -> Result<Sample> {
    check_scope(source, scope)?;
    let mut short = source.clone();
    short.crawl = CrawlSettings {
        max_pages: MAX_PAGES.min(source.crawl.max_pages),
        concurrency: 1,
        ..source.crawl.clone()
    };
    let options = ScrapeOptions { read_everything: true, ..ScrapeOptions::default() };
    let begin = feed::begin(scraper, &short, scope, &unstored(source), &options, None);
    let mut looking = Looking::new(source, limit);
    match begin(NO_RUN).await? {
        Feed::Pages { mut pages, end, .. } => {
            while !looking.is_full()
                && let Some(crawled) = pages.recv().await
            {
                looking.page(crawled)?;
            }
            // With nobody to receive, the crawl ends.
            drop(pages);
            let ended = end.await.map_err(|_| Error::Reader)?;
            looking.sample.has_more |= ended.incomplete.is_some();
        }
        Feed::Bytes { reader, options, .. } => {
            looking = task::spawn_blocking(move || looking.bytes(reader, &options))
                .await
                .map_err(|_| Error::Reader)??;
        }
        // Nothing is remembered, so nothing can be unchanged; and what begins later has begun.
        Feed::Unchanged | Feed::Later(_) => {}
    }
    let mut sample = looking.finish();
    if let SourceKind::Postgres(postgres) = &source.kind {
        sample.rows_by_version = feed::rows_by_version(&scraper.database, source, postgres).await?;
    }
    Ok(sample)
}

/// The source as if it had never been stored, so that nothing that is remembered of it is used.
fn unstored(source: &SourceDefinition) -> Source {
    Source {
        source_id: 0,
        name: source.name.clone(),
        entity_type: source.entity_type.clone(),
        key_fields: source.key_fields.clone(),
        policy: serde_json::Value::Null,
        parser_version: 0,
        has_aliases: false,
        kind: None,
        settings: serde_json::Value::Null,
        enabled: true,
        fallback: Vec::new(),
        declared_at: None,
    }
}

/// A look that goes on.
struct Looking {
    preparer: Preparer,
    key_fields: Vec<String>,
    limit: usize,
    sample: Sample,
}

impl Looking {
    fn new(source: &SourceDefinition, limit: usize) -> Self {
        let policy = RecordPolicy {
            source: source.name.clone(),
            key: source.key_fields.iter().filter_map(|field| field.parse().ok()).collect(),
            rules: source.rules.clone(),
            max_depth: DEFAULT_MAX_DEPTH,
        };
        Self {
            preparer: Preparer::new(Arc::new(policy)),
            key_fields: source.key_fields.clone(),
            limit,
            sample: Sample::default(),
        }
    }

    fn is_full(&self) -> bool {
        self.sample.records.len() >= self.limit
    }

    /// Looks at a page. The first one that cannot be had is an error, because then there is nothing to look at.
    fn page(&mut self, crawled: Crawled) -> Result<()> {
        let Crawled { link, outcome } = crawled;
        let mut page = SamplePage {
            url: redact_url(&link.url),
            role: role(&link),
            num_records: 0,
            num_links: 0,
            num_refused_links: 0,
            problem: None,
        };
        match outcome {
            PageOutcome::Read { harvest, .. } => {
                page.num_records = harvest.block.records.len() as u64;
                page.num_links = harvest.links.len() as u64;
                page.num_refused_links = harvest.num_refused_links.into();
                self.links(&harvest.links);
                self.block(&harvest.block);
            }
            PageOutcome::Failed { error } if self.sample.pages.is_empty() => return Err(error.into()),
            PageOutcome::Failed { error } => page.problem = Some((error.code(), error.to_string())),
            PageOutcome::Gone { status } => {
                page.problem = Some(("gone", format!("the server answers {status}")));
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

    /// Looks at a stream, and ends it when enough was seen. What fails after the first record is not looked at.
    fn bytes(mut self, reader: Box<dyn Read + Send>, options: &ReadOptions) -> Result<Self> {
        let mut reader = Reader::open(reader, options)?;
        let mut block = Block::default();
        while !self.is_full() {
            match reader.next_block(&mut block) {
                Ok(true) => self.block(&block),
                Ok(false) => return Ok(self),
                Err(_) if !self.sample.records.is_empty() => break,
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
                Ok(_) => {
                    let payload = String::from_utf8_lossy(&payload).into_owned();
                    self.sample.records.push(SampleRecord { payload, record_key: keys });
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

    /// Which key fields a record without a key has not. An empty text is a value, unless nothing else is there.
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
        let coverage = self.preparer.take_coverage();
        self.sample.field_coverage =
            coverage.fields().map(|field| (field.name.to_owned(), field.share)).collect();
        self.sample
    }
}

fn role(link: &Link) -> &'static str {
    match link.role {
        Role::Sitemap => "sitemap",
        Role::Listing => "listing",
        Role::Detail => "detail",
    }
}
