//! What a scrape would do, without writing anything: the site is fetched, the database only read.

use forebay_domain::scope::Scope;

use super::{definition::SourceDefinition, feed, options::ScrapeOptions, request::request, scraper::Scraper};
use crate::{
    error::{Error, Result},
    persist::{self, DryRun, Feed, Input},
};

/// Reads a scope of a source and says what a run would do. Every page is read: validators of known pages are not
/// used. The breaker is neither checked nor updated, so a failing source can be read.
///
/// Errors: `source_disabled`, `declared_elsewhere` and those of reading.
pub async fn dry_run(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    options: &ScrapeOptions,
) -> Result<DryRun> {
    if !source.enabled {
        return Err(Error::SourceDisabled { source_name: source.name.clone() });
    }
    scraper.check_owned(source)?;
    source.check_scope(scope)?;
    let begin = feed::begin(scraper, source, scope, None, options, None);
    let input = Input {
        name: feed::input_name(source, scope),
        feed: Feed::Later { begin, format: feed::format(source) },
    };
    // Boxed, so callers' futures stay small.
    Box::pin(persist::dry_run(&scraper.database, request(source, scope, options), input)).await
}
