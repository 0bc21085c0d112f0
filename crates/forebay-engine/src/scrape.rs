//! Scraping: a source is asked for its records, and they are persisted as a run.
//!
//! A scrape is a [`persist`] whose input begins when the run has the scope to itself. Around it stands
//! the source's breaker: it is asked before, and told after how the source behaved, so that a source that is out of
//! order is left alone by all workers.

mod breaker;
mod chain;
pub(crate) mod collect;
mod declare;
pub(crate) mod definition;
mod feed;
mod ledger;
mod many;
mod memory;
mod run_log;
pub mod schedule;
mod stop;
mod test;

use std::{path::PathBuf, sync::Arc, time::Instant};

use forebay_domain::{guards::GuardPolicy, run::RunStatus, scope::Scope};
use forebay_sources::fetch::Network;
use forebay_store::connect::Database;
use jiff::Timestamp;

pub use chain::{Candidate, Chain, scrape_chain};
pub use declare::declare;
pub use definition::{SourceDefinition, SourceKind, Sources};
pub use ledger::enter;
pub use many::{Scrape, Scraped, scrape_many};
pub use run_log::ENDED;
pub use stop::Stop;
pub use test::{Sample, SampleLink, SamplePage, SampleRecord, SampleRejected, test};

use self::run_log::RunLog;
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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named where it is set")]
pub struct ScrapeOptions {
    /// When the source is observed. Default: when the run begins.
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
    /// Ends it before its time.
    pub stop: Stop,
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
            stop: Stop::default(),
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
/// when not one page could be had, the code of the first that failed; `interrupted`. Whatever the error, the breaker has been told.
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
    if options.stop.is_asked() {
        return Err(Error::Interrupted);
    }
    check_scope(source, scope)?;
    let started = Instant::now();
    let request = request(source, scope, options);
    let stored = persist::declare_source(&**scraper.database.client().await?, &request).await?;
    let is_live = options.from_warc.is_none() && !options.ignore_breaker;
    let asked =
        if is_live { Some(breaker::ask(&scraper.database, &stored, &source.breaker).await?) } else { None };
    let run_log = RunLog::new(options.log_level);
    let begin = feed::begin(scraper, source, scope, &stored, options, Some(Arc::clone(&run_log)));
    let input = Input { name: feed::redacted_input(source, scope), feed: persist::Feed::Later(begin) };
    let mut result = tokio::select! {
        result = persist::persist(&scraper.database, request, input, progress) => result,
        () = options.stop.asked() => Err(Error::Interrupted),
    };
    if let (Err(Error::Interrupted), Some(run_id)) = (&result, run_log.run_id()) {
        stop::close_run(&scraper.database, run_id, started.elapsed()).await;
    }
    if let Some((permit, to_half_open)) = asked {
        run_log.transition(to_half_open);
        let call = breaker::Call { permit, run_id: run_log.run_id(), result: &result };
        let ended = breaker::tell(&scraper.database, &stored, &source.breaker, &call).await;
        run_log.transition(ended);
    }
    if let Ok(report) = &mut result
        && report.status == RunStatus::Complete
        && report.counts.num_seen == 0
        && !report.had_records
    {
        report.warnings.push(format!(
            "not one record was found, and there was none before: `forebay sources test {}` shows what its settings find",
            source.name
        ));
    }
    run_log.end(&result);
    run_log.close().await;
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
        observed_at: options.observed_at,
        guards: options.guards.unwrap_or(source.guards),
        max_rejected_share: source.max_rejected_share,
        with_handoffs: options.with_handoffs,
        sequence_field: source.sequence_field.clone(),
        contract_version_column: contract_version_column(source),
        engine: source.kind.as_str().to_owned(),
    }
}

/// The column of the user's own table that says which version of its contract a row was written for.
fn contract_version_column(source: &SourceDefinition) -> Option<String> {
    match &source.kind {
        SourceKind::Postgres(rows) => rows.contract_version_column.clone(),
        _ => None,
    }
}
