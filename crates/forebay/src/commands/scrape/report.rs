//! The output of `forebay scrape`: the runs, the scopes without a run, and the fallbacks that answered.

use forebay_engine::{
    Error,
    scrape::{Candidate, Scraped},
};
use forebay_store::connect::Database;
use forebay_views::{Fallback, ScrapeError, ScrapeReport};

use crate::{
    commands::{
        persist,
        runs::{read_run, write_ended},
    },
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Exit codes, the worst first: failures before held runs, held runs before unavailable sources, and those before
/// partial runs. An interruption takes precedence over everything else.
const WORST_FIRST: [Exit; 7] = [
    Exit::Interrupted,
    Exit::DatabaseUnreachable,
    Exit::Failed,
    Exit::Usage,
    Exit::Held,
    Exit::Unavailable,
    Exit::Partial,
];

/// The results of all scopes, and the exit code. A scope counts like its answer or, if no source answered, like every
/// source that was tried.
pub(super) async fn report(
    database: &Database,
    scraped: Vec<Scraped>,
) -> Result<(ScrapeReport, Exit), Failure> {
    let mut report = ScrapeReport { runs: Vec::new(), errors: Vec::new(), fallbacks: Vec::new() };
    let mut exits = Vec::new();
    for Scraped { source, scope, chain } in scraped {
        let scope = scope.to_string();
        let has_answer = chain.answer().is_some();
        if !chain.fallbacks.is_empty() {
            report.fallbacks.push(Fallback::new(source, scope.clone(), &chain));
        }
        for candidate in std::iter::once(chain.primary).chain(chain.fallbacks) {
            let is_disabled = matches!(candidate.result, Err(Error::SourceDisabled { .. }));
            if is_disabled && has_answer {
                // The fallback stands in for it as configured.
                continue;
            }
            let counts = candidate.has_answered() || !has_answer;
            let exit = add(&mut report, database, candidate, &scope).await?;
            exits.extend(counts.then_some(exit));
        }
    }
    let exit = WORST_FIRST.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::Done);
    Ok((report, exit))
}

/// Adds a source that was tried. Returns the exit code for this source alone.
async fn add(
    report: &mut ScrapeReport,
    database: &Database,
    candidate: Candidate,
    scope: &str,
) -> Result<Exit, Failure> {
    match candidate.result {
        Ok(ended) => {
            let run = read_run(&database.client().await?, ended.run_id).await?;
            let exit = persist::exit(std::iter::once(run.summary.status.as_str()));
            report.runs.push(run);
            Ok(exit)
        }
        Err(error) => {
            let failure = Failure::from(error);
            report.errors.push(ScrapeError {
                source: candidate.source,
                scope: scope.to_owned(),
                run_id: candidate.run_id,
                error: failure.view(),
            });
            Ok(failure.exit_code())
        }
    }
}

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
