//! Scraping: a source is asked for its records, and they are persisted as a run.
//!
//! A scrape is a [`persist`](crate::persist) whose input begins when the run has the scope to itself. Around it stands
//! the source's breaker: it is asked before, and told after how the source behaved, so that a source that is out of
//! order is left alone by all workers.

mod breaker;
pub(crate) mod collect;
mod declare;
mod definition;
mod feed;
mod ledger;
mod logbook;
mod many;
mod memory;
pub mod schedule;
mod test;

use std::{path::PathBuf, sync::Arc};

use forebay_domain::{guards::GuardPolicy, scope::Scope};
use forebay_sources::fetch::Network;
use forebay_store::{adopt, connect::Database};
use jiff::Timestamp;

pub use declare::declare;
pub use definition::{SourceDefinition, SourceKind, Sources};
pub use ledger::enter;
pub use logbook::ENDED;
pub use many::{Scrape, Scraped, scrape_many};
pub use test::{Sample, SampleLink, SamplePage, SampleRecord, SampleRejected, test};

use self::logbook::Logbook;
use crate::{
    error::{Error, Result},
    logs::Level,
    persist::{self, Input, PersistRequest, Progress, RunReport},
};

/// What scrapes have in common: make one for the process.
#[derive(Clone, Debug)]
pub struct Scraper {
    /// Where records are persisted.
    pub database: Arc<Database>,
    /// Connections, and the pace of each host.
    pub network: Network,
    /// The sources that can be scraped.
    pub sources: Arc<Sources>,
}

/// How a scrape differs from what the source declares.
#[derive(Clone, Debug)]
pub struct ScrapeOptions {
    /// When the source is observed. Default: now.
    pub observed_at: Option<Timestamp>,
    /// Pages come from this archive (WARC) and not from the network.
    pub from_warc: Option<PathBuf>,
    /// Every page is read, even if its server says that it is as it was.
    pub read_everything: bool,
    /// Every server is asked whether its pages have changed, even where it said that there is no need to yet.
    pub revalidate: bool,
    /// When to hold the run; None: as the source declares.
    pub guards: Option<Option<GuardPolicy>>,
    /// Changes are handed off.
    pub with_handoffs: bool,
    /// The source is asked even if its breaker is open, and the breaker is not told.
    pub ignore_breaker: bool,
    /// What matters at least so much is kept of what the run says. Default: info, which leaves out a line for each page.
    pub log_level: Level,
}

impl Default for ScrapeOptions {
    fn default() -> Self {
        Self {
            observed_at: None,
            from_warc: None,
            read_everything: false,
            revalidate: false,
            guards: None,
            with_handoffs: true,
            ignore_breaker: false,
            log_level: Level::Info,
        }
    }
}

impl Scraper {
    /// The definition of a source. Error: `source_not_scraped`.
    pub fn source(&self, name: &str) -> Result<&SourceDefinition> {
        self.sources.get(name).ok_or_else(|| Error::NotScraped { source_name: name.to_owned() })
    }
}

/// Scrapes a scope of a source, as one run.
///
/// Errors: `breaker_open` and its kin, before anything is asked or written; what [`persist::persist`] answers with; and
/// when not one page could be had, the code of the first that failed. Whatever the error, the breaker has been told.
pub async fn scrape(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    options: &ScrapeOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    if !source.enabled {
        return Err(Error::SourceDisabled { source_name: source.name.clone() });
    }
    check_scope(source, scope)?;
    let request = request(source, scope, options);
    let stored = persist::declare_source(&**scraper.database.client().await?, &request).await?;
    let is_live = options.from_warc.is_none() && !options.ignore_breaker;
    let asked =
        if is_live { Some(breaker::ask(&scraper.database, &stored, &source.breaker).await?) } else { None };
    let logbook = Logbook::new(options.log_level);
    let begin = feed::begin(scraper, source, scope, &stored, options, Some(Arc::clone(&logbook)));
    let input = Input { name: feed::shown(source, scope), feed: persist::Feed::Later(begin) };
    let result = persist::persist(&scraper.database, request, input, progress).await;
    if let (Ok(report), SourceKind::Postgres(rows)) = (&result, &source.kind)
        && let Some(column) = &rows.contract_version_column
    {
        let client = scraper.database.client().await?;
        adopt::mark(&**client, stored.source_id, report.run_id, column).await?;
    }
    if let Some((permit, to_half_open)) = asked {
        logbook.transition(to_half_open);
        let call = breaker::Call { permit, run_id: logbook.run_id(), result: &result };
        let ended = breaker::tell(&scraper.database, &stored, &source.breaker, &call).await;
        logbook.transition(ended);
    }
    logbook.end(&result);
    logbook.close().await;
    result
}

/// The parts of a scope have to fill the places that the source's settings have for them.
fn check_scope(source: &SourceDefinition, scope: &Scope) -> Result<()> {
    match source.kind.placeholders().into_iter().find(|name| scope.get(name).is_none()) {
        None => Ok(()),
        Some(missing) => {
            Err(Error::ScopeIncomplete { source_name: source.name.clone(), missing: missing.to_owned() })
        }
    }
}

fn request(source: &SourceDefinition, scope: &Scope, options: &ScrapeOptions) -> PersistRequest {
    PersistRequest {
        source: source.name.clone(),
        entity_type: Some(source.entity_type.clone()),
        key_fields: source.key_fields.clone(),
        rules: source.rules.clone(),
        on_duplicate: source.on_duplicate,
        scope: scope.clone(),
        // A tap says only at its end whether it has sent everything.
        complete: source.complete || matches!(source.kind, SourceKind::Singer(_)),
        observed_at: options.observed_at.unwrap_or_else(Timestamp::now),
        guards: options.guards.clone().unwrap_or_else(|| source.guards.clone()),
        max_rejected_share: source.max_rejected_share,
        with_handoffs: options.with_handoffs,
        sequence_field: source.sequence_field.clone(),
        engine: source.kind.as_str().to_owned(),
    }
}
