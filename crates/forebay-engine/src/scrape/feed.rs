//! How the records of each kind of source begin to come, once the run has its scope to itself.

use std::sync::Arc;

use forebay_domain::scope::Scope;
use forebay_sources::{
    Link, Role,
    crawl::{Crawl, Crawled, Memory},
    fetch::{Fetcher, Request, Streamed, shown as shown_url},
    kinds::{
        Command, File, PageKind, Postgres, Singer,
        command::{LogTaker, RunContext},
    },
};
use forebay_store::{
    adopt::{self, RowsSpec},
    connect::{Database, OpenOptions, Target},
    sources::Source,
    states,
};
use jiff::Timestamp;
use tokio::sync::mpsc;
use url::Url;

use super::{
    ScrapeOptions, Scraper, SourceDefinition, SourceKind,
    logbook::{self, Logbook},
    memory::PageMemory,
};
use crate::{
    error::{Error, Result},
    persist::{Begin, Feed, FilePage},
};

/// Pages that may wait to be prepared.
const PAGES_WAITING: usize = 16;

/// What a run says that it read: the first URL, the program, or the table.
pub(super) fn shown(source: &SourceDefinition, scope: &Scope) -> String {
    match &source.kind {
        SourceKind::Pages(kind) => kind
            .start(scope)
            .ok()
            .and_then(|links| links.first().map(|link| shown_url(&link.url)))
            .unwrap_or_default(),
        SourceKind::File(file) => file.url(scope).map_or_else(|_| String::new(), |url| shown_url(&url)),
        SourceKind::Command(command) => command.argv.first().cloned().unwrap_or_default(),
        SourceKind::Singer(tap) => tap.command.first().cloned().unwrap_or_default(),
        SourceKind::Postgres(postgres) => postgres.table.clone().unwrap_or_else(|| "query".to_owned()),
    }
}

/// The records of a source without a database: nothing is remembered, and taps begin anew.
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
        source_id: 0,
        parser_version: 0,
        options,
        logbook: None,
    };
    match &source.kind {
        // Where it goes on is in the database that is away.
        SourceKind::Singer(_) | SourceKind::Postgres(_) => {
            Err(Error::NeedsDatabase { source_name: source.name.clone() })
        }
        _ => beginning.begin(0).await,
    }
}

/// What is needed to begin, owned, because it outlives the call that prepared it.
struct Beginning {
    scraper: Scraper,
    source: SourceDefinition,
    scope: Scope,
    source_id: i32,
    parser_version: i32,
    options: ScrapeOptions,
    logbook: Option<Arc<Logbook>>,
}

/// Prepares to begin. The logbook is opened when it does.
pub(super) fn begin(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    stored: &Source,
    options: &ScrapeOptions,
    logbook: Option<Arc<Logbook>>,
) -> Begin {
    let beginning = Beginning {
        scraper: scraper.clone(),
        source: source.clone(),
        scope: scope.clone(),
        source_id: stored.source_id,
        parser_version: stored.parser_version,
        options: options.clone(),
        logbook,
    };
    Box::new(move |run_id| Box::pin(beginning.begin(run_id)))
}

impl Beginning {
    async fn begin(self, run_id: i64) -> Result<Feed> {
        if let Some(logbook) = &self.logbook {
            let input = shown(&self.source, &self.scope);
            logbook.open(&self.scraper.database, run_id, self.source.kind.as_str(), &input);
        }
        match &self.source.kind {
            SourceKind::Pages(kind) => self.crawl(kind),
            SourceKind::File(file) => self.stream(file).await,
            SourceKind::Command(command) => self.run_command(command, run_id),
            SourceKind::Singer(tap) => self.run_tap(tap, run_id).await,
            SourceKind::Postgres(postgres) => self.read_rows(postgres).await,
        }
    }

    fn crawl(&self, kind: &PageKind) -> Result<Feed> {
        let first = kind.start(&self.scope)?;
        let homes: Vec<Url> = first.iter().map(|link| link.url.clone()).collect();
        let fetcher = self.fetcher(&homes)?;
        let stats = Arc::clone(fetcher.stats());
        let crawl = Crawl {
            kind: Arc::new(kind.clone()),
            fetcher,
            settings: self.source.crawl.clone(),
            memory: self.memory(),
        };
        let (sender, pages) = mpsc::channel(PAGES_WAITING);
        let sink = self.logbook.as_ref().and_then(|logbook| logbook.sink());
        let observe = move |crawled: &Crawled| {
            if let Some(sink) = &sink {
                logbook::page(sink, crawled);
            }
        };
        let end = tokio::spawn(crawl.run_observed(first, sender, observe));
        Ok(Feed::Pages { pages, end, stats })
    }

    async fn stream(&self, file: &File) -> Result<Feed> {
        let link = Link::new(file.url(&self.scope)?, Role::Listing);
        let known = self.memory().recall(std::slice::from_ref(&link)).await.pop().flatten();
        if known.as_ref().and_then(|known| known.fresh_until).is_some_and(|until| until > Timestamp::now()) {
            return Ok(Feed::Unchanged);
        }
        let validators = known.map(|known| known.validators).filter(|validators| !validators.is_empty());
        let fetcher = self.fetcher(std::slice::from_ref(&link.url))?;
        let stats = Arc::clone(fetcher.stats());
        let streamed = fetcher.stream(&Request::new(link.url.clone()).validated(validators)).await;
        Ok(match streamed.map_err(forebay_sources::Error::from)? {
            Streamed::NotModified { .. } => Feed::Unchanged,
            Streamed::File { body, validators, fresh_until, fetched_at, .. } => Feed::Bytes {
                reader: Box::new(body),
                options: file.read_options(),
                page: Some(FilePage {
                    key: link.key(),
                    url: shown_url(&link.url),
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
        let output = command.start(&self.run_context(run_id), self.log_taker())?;
        let stopper = output.stopper();
        Ok(Feed::program(Box::new(output), command.read_options(), stopper))
    }

    async fn run_tap(&self, tap: &Singer, run_id: i64) -> Result<Feed> {
        let client = self.scraper.database.client().await?;
        let stored = states::find(&**client, self.source_id, &self.scope.to_string()).await?;
        let state = stored.and_then(|state| state.state);
        let output = tap.start(&self.run_context(run_id), state.as_deref(), self.log_taker())?;
        let stopper = output.stopper();
        Ok(Feed::program(Box::new(output), tap.read_options(&self.source.key_fields), stopper))
    }

    async fn read_rows(&self, postgres: &Postgres) -> Result<Feed> {
        let timeout = postgres.timeout.get();
        let spec = match (&postgres.table, &postgres.query) {
            (Some(table), _) => RowsSpec::table(table, timeout)?,
            (None, query) => RowsSpec::query(query.as_deref().unwrap_or_default(), timeout),
        };
        let spec = match &postgres.contract_version_column {
            Some(column) => spec.with_contract_version(column)?,
            None => spec,
        };
        let rows = match &postgres.url {
            Some(secret) => {
                let other = Database::open(
                    Target::Url(secret.read()?),
                    OpenOptions { pool_size: 1, ..OpenOptions::default() },
                )
                .await?;
                adopt::start(&other, spec).await?
            }
            None => adopt::start(&self.scraper.database, spec).await?,
        };
        Ok(Feed::bytes(Box::new(rows), postgres.read_options()))
    }

    fn fetcher(&self, homes: &[Url]) -> Result<Fetcher> {
        let fetcher = match &self.options.from_warc {
            Some(archive) => Fetcher::replaying(archive, &self.source.fetch),
            None => self.scraper.network.fetcher(&self.source.fetch, homes),
        };
        Ok(fetcher.map_err(forebay_sources::Error::from)?)
    }

    /// Later or merged content of a key needs every record of it, so then nothing is taken from memory.
    fn memory(&self) -> PageMemory {
        let reads_all = self.options.read_everything
            || self.options.from_warc.is_some()
            || self.source.on_duplicate.needs_whole_input();
        PageMemory {
            database: (!reads_all).then(|| Arc::clone(&self.scraper.database)),
            source_id: self.source_id,
            parser_version: self.parser_version,
            revalidates: self.options.revalidate,
        }
    }

    fn run_context(&self, run_id: i64) -> RunContext<'_> {
        RunContext { source: &self.source.name, run_id, scope: &self.scope }
    }

    fn log_taker(&self) -> LogTaker {
        logbook::program(self.logbook.as_ref().and_then(|logbook| logbook.sink()))
    }
}
