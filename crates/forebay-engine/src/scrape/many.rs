//! Scrapes many sources: several at the same time, the scopes of each source one after another.

use forebay_domain::scope::Scope;
use futures_util::{StreamExt, stream};

use super::{
    chain::{Chain, scrape_chain},
    definition::SourceDefinition,
    ledger,
    options::ScrapeOptions,
    scraper::Scraper,
};
use crate::persist::{CONNECTIONS_PER_RUN, Progress};

/// Pooled connections for the work around the runs: declarations, the ledger, breakers.
const CONNECTIONS_BESIDE_RUNS: usize = 2;

/// The pool size for scraping this many sources at the same time.
pub fn connections_for(at_once: usize) -> usize {
    CONNECTIONS_BESIDE_RUNS + CONNECTIONS_PER_RUN * at_once
}

/// A source to scrape.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// The source, with the changes for this scrape.
    pub source: SourceDefinition,
    /// Its scopes, in order.
    pub scopes: Vec<Scope>,
    /// The options of the scrape.
    pub options: ScrapeOptions,
}

/// The result of one scope of a source.
#[derive(Debug)]
pub struct Scraped {
    /// The source.
    pub source: String,
    /// The scope.
    pub scope: Scope,
    /// The sources that were tried for it, with their results.
    pub chain: Chain,
}

/// Scrapes sources, at most `at_once` at the same time, and returns the result of each scope, in the order of `wanted`.
/// A failing source doesn't stop the others; its fallbacks are tried. The freshness ledger records each result.
///
/// `progress` is called with the source and scope that it belongs to.
pub async fn scrape_many(
    scraper: &Scraper,
    wanted: Vec<Scrape>,
    at_once: usize,
    progress: &(dyn Fn(&str, &Scope, Progress) + Sync),
) -> Vec<Scraped> {
    let ordered = stream::iter(wanted).map(async |one| {
        let mut ended = Vec::with_capacity(one.scopes.len());
        for scope in &one.scopes {
            ended.push(scrape_one(scraper, &one.source, scope, &one.options, progress).await);
        }
        ended
    });
    ordered.buffered(at_once.max(1)).collect::<Vec<_>>().await.into_iter().flatten().collect()
}

/// Scrapes a scope, with fallbacks if the source does not answer, and records the result in the ledger.
pub(super) async fn scrape_one(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    options: &ScrapeOptions,
    progress: &(dyn Fn(&str, &Scope, Progress) + Sync),
) -> Scraped {
    let mut chain = scrape_chain(scraper, source, scope, options, progress).await;
    let last = chain.fallbacks.last_mut().unwrap_or(&mut chain.primary);
    if let Ok(report) = &mut last.result
        && options.from_warc.is_none()
        && let Err(error) = ledger::enter(scraper, source, scope, report).await
    {
        report.warnings.push(format!("the ledger of freshness could not record this scrape: {error}"));
    }
    if options.from_warc.is_none() && chain.answer().is_none() {
        ledger::note_failure(scraper, source, scope, chain.decisive()).await;
    }
    Scraped { source: source.name.clone(), scope: scope.clone(), chain }
}
