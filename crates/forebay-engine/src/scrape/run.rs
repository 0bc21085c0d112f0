//! One scrape: checks the breaker and persists a scope of a source as one run.

use std::sync::Arc;

use forebay_domain::{run::RunStatus, scope::Scope};
use tracing::info;

use super::{
    breaker, definition::SourceDefinition, feed, options::ScrapeOptions, request::request, scraper::Scraper,
};
use crate::{
    error::{Error, Result},
    persist::{self, Feed, Input, Progress, RunReport, declare},
    run_log::RunLog,
};

/// Scrapes a scope of a source, as one run.
///
/// Errors: `breaker_open`, `declared_elsewhere` and similar, before anything is requested or written; those of
/// [`persist::persist`]; the code of the first page that failed, if no page could be read; `interrupted`. The breaker
/// has recorded the outcome in every case.
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
    scraper.check_owned(source)?;
    source.check_scope(scope)?;
    let request = request(source, scope, options);
    let declared =
        declare::declare(&**scraper.database.client().await?, &request, source.on_duplicate.clone()).await?;
    let stored = declared.source.clone();
    let is_live = options.from_warc.is_none() && !options.ignore_breaker;
    let asked = if is_live {
        let asked = breaker::ask(&scraper.database, &stored, &source.breaker, scraper.network.random()).await;
        if let Err(error @ Error::Refused { .. }) = &asked {
            info!(source = source.name, scope = %scope, reason_code = error.code(), "scrape refused: {error}");
        }
        Some(asked?)
    } else {
        None
    };
    let log = Arc::new(RunLog::stored(&source.name, &scraper.database, options.log_level, &scraper.tasks));
    let begin = feed::begin(scraper, source, scope, Some(stored.source_id), options, Some(Arc::clone(&log)));
    let input = Input {
        name: feed::input_name(source, scope),
        feed: Feed::Later { begin, format: feed::format(source) },
    };
    let stop = &options.stop;
    // Boxed, so callers' futures stay small.
    let running = persist::run_until(&scraper.database, declared, request, input, &log, stop, progress);
    let mut result = Box::pin(running).await;
    if let Some((permit, to_half_open)) = asked {
        log.transition(to_half_open);
        let is_declared = source.declared_scopes().contains(scope);
        let call = breaker::Call { permit, run_id: log.run_id(), result: &result, is_declared };
        let random = scraper.network.random();
        log.transition(breaker::record(&scraper.database, &stored, &source.breaker, &call, random).await);
    }
    if let Ok(report) = &mut result
        && report.status == RunStatus::Complete
        && report.found_nothing_yet()
    {
        report.warnings.push(format!(
            "no records were found, and none are stored: `forebay sources test {}` shows what its settings find",
            source.name
        ));
    }
    log.end(&result);
    log.close().await;
    result
}
