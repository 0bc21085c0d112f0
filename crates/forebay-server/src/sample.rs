//! The first records of a source, fetched now. Nothing is stored.

use forebay_domain::scope::Scope;
use forebay_engine::scrape::test;
use forebay_views::{SourceTest, decide::scrapes, failure::Failure};

use crate::app::App;

/// Fetches up to `limit` records of a scope; `None`: the first declared one. Errors: `scraping_not_allowed`, those of a
/// source that can't be read.
pub(crate) async fn sample(
    app: &App,
    source: &str,
    scope: Option<Scope>,
    limit: u32,
) -> Result<SourceTest, Failure> {
    let scraping = app.scraping()?;
    let source = scrapes::source(app.sources(), source)?;
    let scope = scope.or_else(|| source.scopes.first().cloned()).unwrap_or_default();
    let _permit = scraping.permits.acquire().await;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let sample = Box::pin(test(scraping.scraper, source, &scope, limit)).await?;
    SourceTest::new(source, scope.to_string(), sample)
        .map_err(|error| Failure::from_error("payload_unreadable", &error))
}
