//! What `forebay ensure` prints: whether there is data to work with, where it comes from, and what to know about it.

use forebay_engine::ensure::{AnsweredFrom, Ensured, Wanted};
use serde::Serialize;

use crate::ui::{Page, Report, Tone, format};

/// The answer. The JSON form is the engine's, field by field.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct EnsureReport<'a> {
    ensured: &'a Ensured,
    #[serde(skip)]
    wanted: &'a Wanted,
}

impl<'a> EnsureReport<'a> {
    pub(super) fn new(wanted: &'a Wanted, ensured: &'a Ensured) -> Self {
        Self { ensured, wanted }
    }

    /// Whether there is data, in one line.
    fn headline(&self) -> (Tone, String) {
        let Wanted { entity_type, scope } = self.wanted;
        let subject = if scope.is_empty() { entity_type.clone() } else { format!("{entity_type} [{scope}]") };
        let Ensured { is_fresh, is_partial, answered_from, .. } = self.ensured;
        match (answered_from, is_fresh, is_partial) {
            (AnsweredFrom::None, ..) => (Tone::Bad, format!("{subject}: there is nothing to serve")),
            (AnsweredFrom::Scrape, true, false) => {
                (Tone::Good, format!("{subject} is fresh: it was scraped just now"))
            }
            (AnsweredFrom::Memory | AnsweredFrom::Ledger, true, _) => {
                (Tone::Good, format!("{subject} is fresh: nothing was scraped"))
            }
            (AnsweredFrom::Scrape, _, true) => {
                (Tone::Warning, format!("{subject} was scraped in part, so it is as stale as before"))
            }
            _ => (Tone::Warning, format!("{subject} is stale, and is served as it is")),
        }
    }
}

impl Report for EnsureReport<'_> {
    fn write(&self, page: &mut Page) {
        let (tone, headline) = self.headline();
        page.toned(tone, &headline);
        let ensured = self.ensured;
        let mut facts = Vec::new();
        if let Some(last_sync) = ensured.last_sync {
            facts.push(format!("synced {}", format::timestamp(last_sync)));
        }
        if let Some(number) = ensured.num_records {
            facts.push(format!("{} records", format::count(number.unsigned_abs())));
        }
        if let Some(source) = &ensured.answered_by {
            facts.push(format!("from {source}"));
        }
        if let Some(run_id) = ensured.run_id {
            facts.push(format!("run {run_id}"));
        }
        if !facts.is_empty() {
            page.line(&format!("  {}", facts.join(", ")));
        }
        if let Some(error) = &ensured.error {
            page.toned(Tone::Bad, &format!("  error[{}]: {}", error.code, format::plain(&error.message)));
            if let Some(seconds) = error.retry_after_seconds {
                page.line(&format!("  asking again is in vain for another {seconds} s"));
            }
            if let Some(hint) = &error.hint {
                page.line(&format!("  hint: {hint}"));
            }
        }
        for warning in &ensured.warnings {
            page.line(&format!("  warning: {}", format::plain(warning)));
        }
        if ensured.tried.len() > 1 {
            for tried in &ensured.tried {
                let reason = tried.reason_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                let run = tried.run_id.map(|run_id| format!(", run {run_id}")).unwrap_or_default();
                page.line(&format!("  tried {}: {}{reason}{run}", tried.source, tried.status));
            }
        }
    }
}
