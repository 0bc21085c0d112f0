//! Scraping many sources: several at the same time, the scopes of each one after another.

use std::sync::atomic::{AtomicI64, Ordering};

use forebay_domain::scope::Scope;
use futures_util::{StreamExt, stream};

use super::{ScrapeOptions, Scraper, SourceDefinition, ledger, scrape};
use crate::{
    error::Result,
    persist::{Progress, RunReport},
};

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
    /// The run, if it came to one.
    pub run_id: Option<i64>,
    /// How it ended.
    pub result: Result<RunReport>,
}

/// Scrapes sources, at most `at_once` at the same time, and gives what became of each scope, in the order in which they
/// were named. One that fails keeps no other from being scraped. What was brought up to date is entered into the ledger.
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

/// Scrapes a scope, and enters what it brought into the ledger.
pub(super) async fn scrape_one(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    options: &ScrapeOptions,
    progress: &(dyn Fn(&str, &Scope, Progress) + Sync),
) -> Scraped {
    // No run has this number.
    let run_id = AtomicI64::new(0);
    let mut result = scrape(scraper, source, scope, options, &|told| {
        if let Progress::Started { run_id: started } = told {
            run_id.store(started, Ordering::Relaxed);
        }
        progress(&source.name, scope, told);
    })
    .await;
    if let Ok(report) = &mut result
        && options.from_warc.is_none()
        && let Err(error) = ledger::enter(scraper, source, scope, report).await
    {
        report.warnings.push(format!("the ledger of freshness does not know of this scrape: {error}"));
    }
    let run_id = Some(run_id.into_inner()).filter(|run_id| *run_id > 0);
    Scraped { source: source.name.clone(), scope: scope.clone(), run_id, result }
}
