//! The human form of the output of `forebay scrape`: the runs, the scopes without a run, and the fallbacks.

use forebay_views::{Fallback, ScrapeReport};

use crate::{
    commands::runs::write_ended,
    ui::{Page, Report, Tone, format},
};

/// Which sources did not answer, and why.
fn reasons(fallback: &Fallback) -> String {
    let failed =
        fallback.tried.iter().filter(|tried| Some(&tried.source) != fallback.fallback_source.as_ref());
    let reasons = failed.map(|tried| match &tried.reason_code {
        Some(reason) => format!("{}: {reason}", tried.source),
        None => tried.source.clone(),
    });
    reasons.collect::<Vec<_>>().join(", ")
}

impl Report for ScrapeReport {
    fn write(&self, page: &mut Page) {
        for run in &self.runs {
            write_ended(page, run);
        }
        for error in &self.errors {
            let subject = format::subject(&error.source, &error.scope);
            page.toned(Tone::Bad, &format!("{subject} could not be scraped"));
            page.error(&error.error);
            if let Some(run_id) = error.run_id {
                page.line(&format!("  forebay runs logs {run_id}  shows its log"));
            }
        }
        for fallback in &self.fallbacks {
            let (subject, reasons) = (format::subject(&fallback.source, &fallback.scope), reasons(fallback));
            match &fallback.fallback_source {
                Some(name) => {
                    page.toned(Tone::Warning, &format!("{name} answered in place of {subject} ({reasons})"));
                }
                None => page.toned(Tone::Bad, &format!("no source answered for {subject} ({reasons})")),
            }
        }
    }
}
