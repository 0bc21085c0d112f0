//! Scraping many sources: several at the same time, the scopes of each one after another.

use forebay_domain::scope::Scope;
use futures_util::{StreamExt, stream};

use super::{
    ScrapeOptions, Scraper, SourceDefinition,
    chain::{Chain, scrape_chain},
    ledger,
};
use crate::persist::Progress;

/// A source to scrape.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// The source, with whatever is to be otherwise this time.
    pub source: SourceDefinition,
    /// Its scopes, in order.
    pub scopes: Vec<Scope>,
    /// How.
    pub options: ScrapeOptions,
}

/// What became of one scope of a source.
#[derive(Debug)]
pub struct Scraped {
    /// The source.
    pub source: String,
    /// The scope.
    pub scope: Scope,
    /// Which sources were asked for it, and how that ended.
    pub chain: Chain,
}

/// Scrapes sources, at most `at_once` at the same time, and gives what became of each scope, in the order in which they
/// were named. One that fails keeps no other from being scraped; what it names as its fallbacks is asked in its place.
/// What was brought up to date is entered into the ledger.
///
/// `progress` is told of which source and scope something is.
pub async fn scrape_many(
    scraper: &Scraper,
    wanted: Vec<Scrape>,
    at_once: usize,
    progress: &(dyn Fn(&str, &Scope, Progress) + Sync),
) -> Vec<Scraped> {
    let under_way = stream::iter(wanted).map(async |one| {
        let mut ended = Vec::with_capacity(one.scopes.len());
        for scope in &one.scopes {
            ended.push(scrape_one(scraper, &one.source, scope, &one.options, progress).await);
        }
        ended
    });
    under_way.buffered(at_once.max(1)).collect::<Vec<_>>().await.into_iter().flatten().collect()
}

/// Scrapes a scope, from a fallback if the source does not answer, and enters what that brought into the ledger.
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
        report.warnings.push(format!("the ledger of freshness does not know of this scrape: {error}"));
    }
    if options.from_warc.is_none() && chain.answer().is_none() {
        ledger::note_failure(scraper, source, scope, &chain.primary).await;
    }
    Scraped { source: source.name.clone(), scope: scope.clone(), chain }
}
