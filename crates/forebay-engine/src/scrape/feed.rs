//! Begins to read a source of any kind, once no other run holds its scope: a crawl, a file, a program or rows.

use std::sync::Arc;

use forebay_domain::scope::Scope;
use forebay_sources::{
    Format, Link, LinkKey, ReadOptions, Role,
    crawl::{Crawl, Crawled},
    fetch::{Bounds, Download, Fetcher, Request, redact_url},
    kinds::{
        Command, File, PageKind, Singer,
        command::{LineSink, RunContext},
    },
};
use forebay_store::{
    sources::{self, Source},
    states,
};
use ring::digest;
use tokio::sync::mpsc;
use tracing::Instrument;
use url::Url;

use super::{
    definition::{SourceDefinition, SourceKind},
    memory::PageMemory,
    options::ScrapeOptions,
    page_log, rows,
    scraper::Scraper,
};
use crate::{
    clock,
    error::{Error, Result},
    persist::{Begin, Feed, FilePage, policy},
    run_log::RunLog,
};

/// Maximum number of pages, or parts of large ones, that wait to be prepared.
const PAGES_WAITING: usize = 2;

/// The input name of a run: the first URL, the program, or the table.
pub(super) fn input_name(source: &SourceDefinition, scope: &Scope) -> String {
    match &source.kind {
        SourceKind::Pages(kind) => kind
            .start(scope)
            .ok()
            .and_then(|links| links.first().map(|link| redact_url(&link.url)))
            .unwrap_or_default(),
        SourceKind::File(file) => file.url(scope).map_or_else(|_| String::new(), |url| redact_url(&url)),
        SourceKind::Command(command) => command.argv.first().cloned().unwrap_or_default(),
        SourceKind::Singer(tap) => tap.command.first().cloned().unwrap_or_default(),
        SourceKind::Postgres(postgres) => postgres.table.clone().unwrap_or_else(|| "query".to_owned()),
    }
}

/// The format of a source's bytes. [`Format::Auto`]: to be detected, or the source is read page by page.
pub(super) fn format(source: &SourceDefinition) -> Format {
    match &source.kind {
        SourceKind::Pages(_) => Format::Auto,
        SourceKind::File(file) => file.read_options().format,
        SourceKind::Command(command) => command.read_options().format,
        SourceKind::Singer(tap) => tap.read_options(&source.key_fields).format,
        SourceKind::Postgres(postgres) => postgres.read_options().format,
    }
}

/// Begins to read a source without a database: no page is remembered.
pub(super) async fn without_database(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
) -> Result<Feed> {
    let options = ScrapeOptions { read_everything: true, ..ScrapeOptions::default() };
    let beginning = Beginning {
        scraper: scraper.clone(),
        source: source.clone(),
        scope: scope.clone(),
        source_id: None,
        options,
        log: None,
    };
    match &source.kind {
        // The state of a tap and the rows of this database are unavailable.
        SourceKind::Singer(_) | SourceKind::Postgres(_) => {
            Err(Error::NeedsDatabase { source_name: source.name.clone() })
        }
        _ => beginning.begin(0).await,
    }
}

/// Identifies a file among the pages of its source. A file that is read for several scopes is remembered for each.
fn file_key(link: &Link, scope: &str) -> LinkKey {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&link.key());
    context.update(scope.as_bytes());
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// Everything needed to begin. Owned, because it outlives the call that prepared it.
struct Beginning {
    scraper: Scraper,
    source: SourceDefinition,
    scope: Scope,
    /// `None`: the source is not stored, or there is no database.
    source_id: Option<i32>,
    options: ScrapeOptions,
    log: Option<Arc<RunLog>>,
}

/// Prepares to begin. Without a `source_id`, no stored state of the source is used.
pub(super) fn begin(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    source_id: Option<i32>,
    options: &ScrapeOptions,
    log: Option<Arc<RunLog>>,
) -> Begin {
    let beginning = Beginning {
        scraper: scraper.clone(),
        source: source.clone(),
        scope: scope.clone(),
        source_id,
        options: options.clone(),
        log,
    };
    Box::new(move |run_id| Box::pin(beginning.begin(run_id)))
}

impl Beginning {
    async fn begin(self, run_id: i64) -> Result<Feed> {
        match &self.source.kind {
            SourceKind::Pages(kind) => self.crawl(kind).await,
            SourceKind::File(file) => self.download(file).await,
            SourceKind::Command(command) => self.run_command(command, run_id),
            SourceKind::Singer(tap) => self.run_tap(tap, run_id).await,
            SourceKind::Postgres(postgres) => {
                rows::read(&self.scraper.database, &self.source, postgres).await
            }
        }
    }

    async fn crawl(&self, kind: &PageKind) -> Result<Feed> {
        let first = kind.start(&self.scope)?;
        let homes: Vec<Url> = first.iter().map(|link| link.url.clone()).collect();
        let fetcher = self.fetcher(&homes)?;
        let stats = Arc::clone(fetcher.stats());
        let crawl = Crawl {
            kind: Arc::new(kind.clone()),
            fetcher,
            settings: self.source.crawl.clone(),
            memory: self.memory().await?,
        };
        let (sender, pages) = mpsc::channel(PAGES_WAITING);
        let sink = self.log.as_ref().and_then(|log| log.sink());
        let observe = move |crawled: &Crawled| {
            if let Some(sink) = &sink {
                page_log::page(sink, crawled);
            }
        };
        let end = self.scraper.tasks.spawn(crawl.run_observed(first, sender, observe).in_current_span());
        Ok(Feed::Pages { pages, end, stats })
    }

    async fn download(&self, file: &File) -> Result<Feed> {
        let link = Link::new(file.url(&self.scope)?, Role::Listing);
        let memory = self.memory().await?;
        let key = file_key(&link, &memory.scope);
        let known = memory.file(key).await;
        if known.as_ref().and_then(|known| known.fresh_until).is_some_and(|until| until > clock::now()) {
            return Ok(Feed::Unchanged { stats: None });
        }
        let validators = known.map(|known| known.validators).filter(|validators| !validators.is_empty());
        let fetcher = self.fetcher(std::slice::from_ref(&link.url))?;
        let stats = Arc::clone(fetcher.stats());
        let download = {
            let request = Request::new(link.url.clone()).within(&file.allow_hosts).validated(validators);
            fetcher.download(&request).await
        };
        Ok(match download.map_err(forebay_sources::Error::from)? {
            Download::NotModified { .. } => Feed::Unchanged { stats: Some(stats) },
            Download::File { url, body, validators, fresh_until, fetched_at, .. } => Feed::Bytes {
                reader: Box::new(body),
                options: ReadOptions {
                    bounds: Some(Bounds::new(&url, self.source.fetch.max_file.get())),
                    ..file.read_options()
                },
                page: memory.keeps.then(|| FilePage {
                    key,
                    url: redact_url(&link.url),
                    fetched_at,
                    validators,
                    fresh_until,
                }),
                stats: Some(stats),
                stopper: None,
            },
        })
    }

    fn run_command(&self, command: &Command, run_id: i64) -> Result<Feed> {
        let output = command.start(&self.run_context(run_id), self.line_sink())?;
        let stopper = output.stopper();
        Ok(Feed::program(Box::new(output), command.read_options(), stopper))
    }

    async fn run_tap(&self, tap: &Singer, run_id: i64) -> Result<Feed> {
        let client = self.scraper.database.client().await?;
        let stored = match self.source_id {
            Some(source_id) => states::find(&**client, source_id, &self.scope.to_string()).await?,
            None => None,
        };
        let state = stored.and_then(|state| state.state);
        let output = tap.start(&self.run_context(run_id), state.as_deref(), self.line_sink())?;
        let stopper = output.stopper();
        Ok(Feed::program(Box::new(output), tap.read_options(&self.source.key_fields), stopper))
    }

    fn fetcher(&self, homes: &[Url]) -> Result<Fetcher> {
        let fetcher = match &self.options.from_warc {
            Some(archive) => Fetcher::replaying(archive, &self.source.fetch, clock::system()),
            None => self.scraper.network.fetcher(&self.source.fetch, homes),
        };
        Ok(fetcher.map_err(forebay_sources::Error::from)?)
    }

    /// The memory of pages. A policy that keeps the last record of a key, or puts records together, needs every record.
    /// Then the memory is neither read nor written, because a page whose record lost could win under another policy.
    async fn memory(&self) -> Result<PageMemory> {
        let stored = self.stored().await?;
        let needs_whole_input = self.source.needs_whole_input();
        // An archive needs every page too: a 304 response has no content to read later.
        let archives = self.options.from_warc.is_some() || self.source.fetch.warc.is_some();
        let reads_all = self.options.read_everything || archives || needs_whole_input;
        let remembers = stored.is_some() && !reads_all;
        Ok(PageMemory {
            database: remembers.then(|| Arc::clone(&self.scraper.database)),
            source_id: stored.as_ref().map_or(0, |stored| stored.source_id),
            parser_version: stored.as_ref().map_or(0, |stored| stored.parser_version),
            scope: self.scope.to_string(),
            keeps: stored.is_some() && !needs_whole_input,
            revalidates: self.options.revalidate,
        })
    }

    /// The stored source, if it was declared with the same reading settings as in this process. If another process has
    /// declared it with a different configuration since, the remembered pages of one process are not valid for the
    /// other.
    ///
    /// Called after the run has read the parser version. So if another process declares the source in between, pages
    /// that are read with the old settings are never remembered under the new version.
    async fn stored(&self) -> Result<Option<Source>> {
        if self.source_id.is_none() {
            return Ok(None);
        }
        let client = self.scraper.database.client().await?;
        let stored = sources::find(&**client, &self.source.name).await?;
        let rules = policy::rules_json(&self.source.rules);
        let reading_hash = self.source.reading_hash();
        Ok(stored.filter(|stored| {
            // A program that scrapes without declaring its sources stores no hash.
            stored.settings["reading_hash"].as_str().is_none_or(|declared| declared == reading_hash)
                && stored.policy["rules"] == rules
                && stored.key_fields == self.source.key_fields
        }))
    }

    fn run_context(&self, run_id: i64) -> RunContext<'_> {
        RunContext { source: &self.source.name, run_id, scope: &self.scope }
    }

    fn line_sink(&self) -> LineSink {
        page_log::program(self.log.as_ref().and_then(|log| log.sink()))
    }
}
