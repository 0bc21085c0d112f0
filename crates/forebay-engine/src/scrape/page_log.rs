//! Log lines for the pages of a crawl and for a program's standard error.

use forebay_sources::{
    crawl::{Crawled, PageOutcome},
    fetch::redact_url,
    kinds::command::{LineSink, LogLevel},
};
use serde_json::json;

use crate::logs::{Level, LogSink};

/// Logs the result of a page.
pub(super) fn page(sink: &LogSink, crawled: &Crawled) {
    let level = match &crawled.outcome {
        // Its page is logged when it ends.
        PageOutcome::Part { .. } => return,
        PageOutcome::Read { .. } | PageOutcome::Unchanged { .. } => Level::Debug,
        PageOutcome::Gone { .. } => Level::Info,
        PageOutcome::Failed { .. } => Level::Warn,
    };
    // Most lines of pages are not kept, and building one costs more than this check.
    if !sink.keeps(level) {
        return;
    }
    let url = redact_url(&crawled.link.url);
    let (message, metadata) = match &crawled.outcome {
        PageOutcome::Part { .. } => return,
        PageOutcome::Read { harvest, .. } => {
            let (num_records, num_links) = (harvest.num_records(), harvest.links.len());
            let metadata = json!({
                "url": url, "num_records": num_records, "num_rejected": harvest.num_rejected(),
                "num_links": num_links, "num_refused_links": harvest.num_refused_links,
                "num_cancelled": harvest.num_cancelled,
            });
            (format!("read {url}: {num_records} records, {num_links} links"), metadata)
        }
        PageOutcome::Unchanged { known } => {
            let (num_records, num_links) = (known.reference_ids.len(), known.links.len());
            let metadata = json!({ "url": url, "num_records": num_records, "num_links": num_links, "is_unchanged": true });
            (format!("unchanged {url}: {num_records} records, {num_links} links"), metadata)
        }
        PageOutcome::Gone { status } => {
            (format!("gone {url}: the server responded {status}"), json!({ "url": url, "status": status }))
        }
        PageOutcome::Failed { error } => {
            (format!("failed {url}: {error}"), json!({ "url": url, "code": error.code() }))
        }
    };
    sink.log(level, message, metadata);
}

/// Logs a program's standard error.
pub(super) fn program(sink: Option<LogSink>) -> LineSink {
    Box::new(move |line| {
        let Some(sink) = &sink else { return };
        let level = match line.level {
            LogLevel::Debug => Level::Debug,
            LogLevel::Info => Level::Info,
            LogLevel::Warning => Level::Warn,
            LogLevel::Error => Level::Error,
        };
        sink.log(level, line.message, json!({ "stream": "stderr" }));
    })
}
