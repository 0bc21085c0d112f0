//! How the records of each kind of source begin to come, once the run has its scope to itself.

use std::sync::Arc;

use forebay_domain::scope::Scope;
use forebay_sources::{
    Link, LinkKey, ReadOptions, Role,
    crawl::{Crawl, Crawled},
    fetch::{Bounds, Download, Fetcher, Request, redact_url},
    kinds::{
        Command, File, PageKind, Postgres, Singer,
        command::{LogTaker, RunContext},
    },
};
use forebay_store::{
    connect::{Database, OpenOptions, Target},
    sources::{self, Source},
    states,
    user_rows::{self, RowsSpec, VersionCount},
};
use jiff::Timestamp;
use ring::digest;
use tokio::sync::mpsc;
use url::Url;

use super::{
    ScrapeOptions, Scraper, SourceDefinition, SourceKind,
    memory::PageMemory,
    run_log::{self, RunLog},
};
use crate::{
    error::{Error, Result},
    persist::{Begin, Feed, FilePage, StoredPolicy},
};

/// Pages that may wait to be prepared.
const PAGES_WAITING: usize = 16;

/// What a run says that it read: the first URL, the program, or the table.
pub(super) fn redacted_input(source: &SourceDefinition, scope: &Scope) -> String {
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
        source_id: None,
        options,
        run_log: None,
    };
    match &source.kind {
        // Where it goes on is in the database that is away.
        SourceKind::Singer(_) | SourceKind::Postgres(_) => {
            Err(Error::NeedsDatabase { source_name: source.name.clone() })
        }
        _ => beginning.begin(0).await,
    }
}

/// How many rows of each version of its contract the table or query of a source holds; empty if no column tells.
pub(super) async fn rows_by_version(
    database: &Database,
    source: &SourceDefinition,
    postgres: &Postgres,
) -> Result<Vec<VersionCount>> {
    let spec = rows_spec(postgres)?;
    let counts = match other_database(postgres).await? {
        Some(other) => user_rows::rows_by_version(&other, &spec).await,
        None => user_rows::rows_by_version(database, &spec).await,
    };
    counts.map_err(|error| unreadable_rows(&source.name, error))
}

fn rows_spec(postgres: &Postgres) -> Result<RowsSpec> {
    let timeout = postgres.timeout.get();
    let spec = match (&postgres.table, &postgres.query) {
        (Some(table), _) => RowsSpec::table(table, timeout)?,
        (None, query) => RowsSpec::query(query.as_deref().unwrap_or_default(), timeout),
    };
    Ok(match &postgres.contract_version_column {
        Some(column) => spec.with_contract_version(column)?,
        None => spec,
    })
}

/// The database that the rows are in, if it is not Forebay's own.
async fn other_database(postgres: &Postgres) -> Result<Option<Database>> {
    let Some(secret) = &postgres.url else { return Ok(None) };
    let options = OpenOptions { pool_size: 1, ..OpenOptions::default() };
    Ok(Some(Database::open(Target::Url(secret.read()?), options).await?))
}

/// A table of the user's own that is not there is no migration that is missing.
fn unreadable_rows(source_name: &str, error: forebay_store::Error) -> Error {
    let is_missing = error
        .server()
        .and_then(|server| server.sqlstate())
        .is_some_and(|state| matches!(state, "42P01" | "3F000" | "42703"));
    if is_missing {
        let problem = error.to_string();
        return Error::RowsMissing { source_name: source_name.to_owned(), problem };
    }
    error.into()
}

/// What tells a file from others of its source: the same file may be read for several scopes, and stands for all of each.
fn file_key(link: &Link, scope: &str) -> LinkKey {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&link.key());
    context.update(scope.as_bytes());
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// What is needed to begin, owned, because it outlives the call that prepared it.
struct Beginning {
    scraper: Scraper,
    source: SourceDefinition,
    scope: Scope,
    /// None: there is no database.
    source_id: Option<i32>,
    options: ScrapeOptions,
    run_log: Option<Arc<RunLog>>,
}

/// Prepares to begin. The run log opens when the run begins.
pub(super) fn begin(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    stored: &Source,
    options: &ScrapeOptions,
    run_log: Option<Arc<RunLog>>,
) -> Begin {
    let beginning = Beginning {
        scraper: scraper.clone(),
        source: source.clone(),
        scope: scope.clone(),
        source_id: Some(stored.source_id),
        options: options.clone(),
        run_log,
    };
    Box::new(move |run_id| Box::pin(beginning.begin(run_id)))
}

impl Beginning {
    async fn begin(self, run_id: i64) -> Result<Feed> {
        if let Some(run_log) = &self.run_log {
            let input = redacted_input(&self.source, &self.scope);
            run_log.open(&self.scraper.database, run_id, self.source.kind.as_str(), &input);
        }
        match &self.source.kind {
            SourceKind::Pages(kind) => self.crawl(kind).await,
            SourceKind::File(file) => self.download(file).await,
            SourceKind::Command(command) => self.run_command(command, run_id),
            SourceKind::Singer(tap) => self.run_tap(tap, run_id).await,
            SourceKind::Postgres(postgres) => self.read_rows(postgres).await,
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
        let sink = self.run_log.as_ref().and_then(|run_log| run_log.sink());
        let observe = move |crawled: &Crawled| {
            if let Some(sink) = &sink {
                run_log::page(sink, crawled);
            }
        };
        let end = tokio::spawn(crawl.run_observed(first, sender, observe));
        Ok(Feed::Pages { pages, end, stats })
    }

    async fn download(&self, file: &File) -> Result<Feed> {
        let link = Link::new(file.url(&self.scope)?, Role::Listing);
        let memory = self.memory().await?;
        let key = file_key(&link, &memory.scope);
        let known = memory.file(key).await;
        if known.as_ref().and_then(|known| known.fresh_until).is_some_and(|until| until > Timestamp::now()) {
            return Ok(Feed::Unchanged);
        }
        let validators = known.map(|known| known.validators).filter(|validators| !validators.is_empty());
        let fetcher = self.fetcher(std::slice::from_ref(&link.url))?;
        let stats = Arc::clone(fetcher.stats());
        let download = fetcher.download(&Request::new(link.url.clone()).validated(validators)).await;
        Ok(match download.map_err(forebay_sources::Error::from)? {
            Download::NotModified { .. } => Feed::Unchanged,
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
        let output = command.start(&self.run_context(run_id), self.log_taker())?;
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
        let output = tap.start(&self.run_context(run_id), state.as_deref(), self.log_taker())?;
        let stopper = output.stopper();
        Ok(Feed::program(Box::new(output), tap.read_options(&self.source.key_fields), stopper))
    }

    async fn read_rows(&self, postgres: &Postgres) -> Result<Feed> {
        let spec = rows_spec(postgres)?;
        let rows = match other_database(postgres).await? {
            Some(other) => user_rows::start(&other, spec).await,
            None => user_rows::start(&self.scraper.database, spec).await,
        };
        let rows = rows.map_err(|error| unreadable_rows(&self.source.name, error))?;
        Ok(Feed::bytes(Box::new(rows), postgres.read_options()))
    }

    fn fetcher(&self, homes: &[Url]) -> Result<Fetcher> {
        let fetcher = match &self.options.from_warc {
            Some(archive) => Fetcher::replaying(archive, &self.source.fetch),
            None => self.scraper.network.fetcher(&self.source.fetch, homes),
        };
        Ok(fetcher.map_err(forebay_sources::Error::from)?)
    }

    /// What is known of pages. Later or merged content of a key needs every record of it, so then nothing is taken from
    /// memory, nor kept: a page whose record lost there would win by another policy.
    async fn memory(&self) -> Result<PageMemory> {
        let stored = self.stored().await?;
        let needs_whole_input = self.source.on_duplicate.needs_whole_input();
        // Nor for an archive: a page that was not sent again could not be read out of it.
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

    /// The source as it is stored, if that is how this process reads it. Another one may have declared it otherwise since
    /// this one read its configuration: then what is remembered is not what would be read here, nor the other way round.
    ///
    /// It is looked up after the run has looked up under which version of the parser it remembers. So whatever is declared
    /// in between, pages read in one way are never remembered under the version of another.
    async fn stored(&self) -> Result<Option<Source>> {
        if self.source_id.is_none() {
            return Ok(None);
        }
        let client = self.scraper.database.client().await?;
        let stored = sources::find(&**client, &self.source.name).await?;
        let rules = StoredPolicy { rules: self.source.rules.clone(), ..StoredPolicy::default() }.to_json();
        Ok(stored.filter(|stored| {
            // A source that was never declared has none, like those that a program makes for itself.
            let reading_hash = stored.settings["reading_hash"].as_str().unwrap_or_default();
            reading_hash == self.source.reading_hash
                && stored.policy["rules"] == rules["rules"]
                && stored.key_fields == self.source.key_fields
        }))
    }

    fn run_context(&self, run_id: i64) -> RunContext<'_> {
        RunContext { source: &self.source.name, run_id, scope: &self.scope }
    }

    fn log_taker(&self) -> LogTaker {
        run_log::program(self.run_log.as_ref().and_then(|run_log| run_log.sink()))
    }
}
