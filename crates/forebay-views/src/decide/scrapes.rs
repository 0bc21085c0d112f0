//! Scraping on request: which scopes of a source, what came of it, and what is in progress.

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_engine::{
    Error,
    scrape::{Candidate, Scraped, SourceDefinition, Sources},
};
use forebay_store::{
    connect::{Client, Database},
    runs::{self, RunFilter},
};

use crate::{
    Fallback, RunSummary, ScrapeError, ScrapeReport, Scraping,
    failure::{Exit, Failure},
    names::nearest,
    read,
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
/// Runs in progress among which those of the sources are looked for; a scope has one at a time.
const MOST_RUNS: i64 = 1_000;

/// The definition of a source of the configuration. Error: `source_not_scraped`.
pub fn source<'a>(sources: &'a Sources, name: &str) -> Result<&'a SourceDefinition, Failure> {
    sources.get(name).ok_or_else(|| {
        let failure = Failure::from(Error::NotScraped { source_name: name.to_owned() });
        match nearest(name, sources.keys().map(String::as_str)) {
            Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
            None => failure,
        }
    })
}

/// A source that may be scraped, with this scope or all declared ones. Errors: `source_not_scraped`, `source_disabled`,
/// `no_such_scope`, `scope_incomplete`.
pub fn choose<'a>(
    sources: &'a Sources,
    name: &str,
    scope: Option<&Scope>,
) -> Result<(&'a SourceDefinition, Vec<Scope>), Failure> {
    let source = source(sources, name)?;
    if !source.enabled {
        return Err(Error::SourceDisabled { source_name: name.to_owned() }.into());
    }
    let Some(scope) = scope else { return Ok((source, source.declared_scopes())) };
    source.check_scope(scope)?;
    Ok((source, vec![scope.clone()]))
}

/// The results of all scopes, and the exit code. A scope counts like its answer or, if no source answered, like every
/// source that was tried.
pub async fn report(database: &Database, scraped: Vec<Scraped>) -> Result<(ScrapeReport, Exit), Failure> {
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
            let run = read::runs::run(&database.client().await?, ended.run_id).await?;
            let exit = Exit::of_runs([run.summary.status.as_str()]);
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

/// The runs in progress of sources of an entity type.
pub async fn in_progress(
    client: &Client,
    entity_type: &str,
    sources: Vec<String>,
) -> Result<Scraping, Failure> {
    let filter = RunFilter { status: Some(RunStatus::Running), limit: MOST_RUNS, ..RunFilter::default() };
    let running = runs::list(&***client, &filter).await?;
    let runs = running.iter().filter(|run| sources.contains(&run.source)).map(RunSummary::from).collect();
    Ok(Scraping { entity_type: entity_type.to_owned(), sources, runs })
}
