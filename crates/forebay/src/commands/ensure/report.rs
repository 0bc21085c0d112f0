//! The human form of the answer of `forebay ensure`.

use forebay_engine::ensure::AnsweredFrom;
use forebay_views::Ensured;

use crate::ui::{Page, Report, Tone, format};

/// One line that says whether there is data.
fn headline(ensured: &Ensured) -> (Tone, String) {
    let subject = format::subject(&ensured.entity_type, &ensured.scope);
    match (AnsweredFrom::parse(&ensured.answered_from), ensured.is_fresh, ensured.is_partial) {
        (Some(AnsweredFrom::None), ..) => (Tone::Bad, format!("{subject}: there is no data to serve")),
        (Some(AnsweredFrom::Scrape), true, false) if ensured.is_forced => {
            (Tone::Good, format!("{subject} is fresh: it was scraped just now, forced regardless of its age"))
        }
        (Some(AnsweredFrom::Scrape), true, false) => {
            (Tone::Good, format!("{subject} is fresh: it was scraped just now"))
        }
        (Some(AnsweredFrom::Memory | AnsweredFrom::Ledger), true, _) if ensured.error.is_some() => (
            Tone::Warning,
            format!("{subject} could not be scraped; the stored data is served, which is still fresh"),
        ),
        (Some(AnsweredFrom::Memory | AnsweredFrom::Ledger), true, _) => {
            (Tone::Good, format!("{subject} is fresh: nothing was scraped"))
        }
        (Some(AnsweredFrom::Scrape), _, true) => {
            (Tone::Warning, format!("{subject} was scraped in part, so it is still stale"))
        }
        _ => (Tone::Warning, format!("{subject} is stale; the stored data is served")),
    }
}

impl Report for Ensured {
    fn write(&self, page: &mut Page) {
        let (tone, headline) = headline(self);
        page.toned(tone, &headline);
        let last_sync = self.last_sync_at.map(|at| format!("synced {}", format::timestamp(at.get())));
        let records = self.num_records.map(|number| format!("{} records", format::count(number)));
        let source = self.source.as_ref().map(|source| format!("from {source}"));
        let run = self.run_id.map(|run_id| format!("run {run_id}"));
        let facts: Vec<String> = [last_sync, records, source, run].into_iter().flatten().collect();
        if !facts.is_empty() {
            page.line(&format!("  {}", facts.join(", ")));
        }
        if let Some(error) = &self.error {
            page.error(error);
        }
        if let Some(seconds) = self.retry_after_seconds {
            page.line(&format!("  wait {seconds} s before retrying"));
        }
        // The error of the last source is among the warnings too.
        let is_printed =
            |warning: &str| self.error.as_ref().is_some_and(|error| warning.ends_with(&error.message));
        for warning in self.warnings.iter().filter(|warning| !is_printed(warning)) {
            page.line(&format!("  warning: {}", format::plain(warning)));
        }
        if self.tried.len() > 1 {
            for tried in &self.tried {
                let run = tried.run_id.map(|run_id| format!("run {run_id}"));
                let result: Vec<&str> = [&tried.status, &tried.reason_code, &run]
                    .into_iter()
                    .flatten()
                    .map(String::as_str)
                    .collect();
                page.line(&format!("  tried {}: {}", tried.source, result.join(", ")));
            }
        }
    }
}
