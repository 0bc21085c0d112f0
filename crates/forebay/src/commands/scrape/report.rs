//! What `forebay scrape` prints: the runs, what did not come to a run, and who answered for whom.

use forebay_engine::scrape::{Candidate, Chain, Scraped};
use serde::Serialize;

use crate::{
    commands::persist::report::Run,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// All runs of one command. The JSON form is `{"runs": [ … ], "errors": [ … ], "fallbacks": [ … ]}`.
#[derive(Debug, Serialize)]
pub(super) struct ScrapeReport {
    runs: Vec<ScrapeRun>,
    errors: Vec<NotScraped>,
    fallbacks: Vec<StoodIn>,
    /// How the command ends for each scope: as its answer did, and if nobody answered, as each that was asked.
    #[serde(skip)]
    exits: Vec<Exit>,
}

/// One run. Its fields are stable: those of `forebay persist`, and what fetching cost.
#[derive(Debug, Serialize)]
struct ScrapeRun {
    #[serde(flatten)]
    run: Run,
    num_pages: u64,
    num_requests: u64,
    num_not_modified: u64,
    bytes_received: u64,
    /// Fields whose shape is another one than in the last good runs.
    drift: Vec<Drift>,
}

#[derive(Debug, Serialize)]
struct Drift {
    field_name: String,
    change: &'static str,
}

/// A scope that could not be scraped.
#[derive(Debug, Serialize)]
struct NotScraped {
    source: String,
    scope: String,
    /// The run that failed, if it came to one.
    run_id: Option<i64>,
    code: &'static str,
    message: String,
    hint: Option<String>,
    /// As the terminal shows it.
    #[serde(skip)]
    told: String,
}

/// A scope for which its source did not answer, so that others were asked in its place.
#[derive(Debug, Serialize)]
struct StoodIn {
    source: String,
    scope: String,
    /// None: nobody did.
    answered_by: Option<String>,
    tried: Vec<Tried>,
}

/// One that was asked, and did not answer unless it is the last.
#[derive(Debug, Serialize)]
struct Tried {
    source: String,
    run_id: Option<i64>,
    /// Why it ended as it did; None: it went as usual.
    reason_code: Option<String>,
}

impl ScrapeReport {
    pub(super) fn new(scraped: Vec<Scraped>) -> Self {
        let mut report =
            Self { runs: Vec::new(), errors: Vec::new(), fallbacks: Vec::new(), exits: Vec::new() };
        for Scraped { source, scope, chain } in scraped {
            let scope = scope.to_string();
            let has_answer = chain.answer().is_some();
            if !chain.fallbacks.is_empty() {
                report.fallbacks.push(StoodIn::new(source, scope.clone(), &chain));
            }
            for candidate in std::iter::once(chain.primary).chain(chain.fallbacks) {
                let counts = candidate.has_answered() || !has_answer;
                let exit = report.add(candidate, &scope);
                report.exits.extend(counts.then_some(exit));
            }
        }
        report
    }

    /// Adds one that was asked; answers with how a command would end that had asked only this one.
    fn add(&mut self, candidate: Candidate, scope: &str) -> Exit {
        match candidate.result {
            Ok(ended) => {
                let fetched = ended.fetched;
                let drift = ended.drift.iter().map(|drift| Drift {
                    field_name: drift.field_name.clone(),
                    change: drift.change.as_str(),
                });
                let run = ScrapeRun {
                    num_pages: ended.num_pages,
                    num_requests: fetched.num_requests,
                    num_not_modified: fetched.num_not_modified,
                    bytes_received: fetched.num_wire_bytes,
                    drift: drift.collect(),
                    run: ended.into(),
                };
                let exit = run.run.exit();
                self.runs.push(run);
                exit
            }
            Err(error) => {
                let (code, hint) = (error.code(), error.hint());
                let failure = Failure::from(error);
                self.errors.push(NotScraped {
                    source: candidate.source,
                    scope: scope.to_owned(),
                    run_id: candidate.run_id,
                    code,
                    message: failure.full_message(),
                    hint,
                    told: failure.to_string(),
                });
                failure.exit_code()
            }
        }
    }

    /// The worst of what happened: what failed goes before what is held, and that before what is unavailable. Who
    /// stopped it knows that already.
    pub(super) fn exit(&self) -> Exit {
        let worst_first = [
            Exit::Interrupted,
            Exit::DatabaseUnreachable,
            Exit::Failed,
            Exit::Usage,
            Exit::Held,
            Exit::Unavailable,
        ];
        worst_first.into_iter().find(|exit| self.exits.contains(exit)).unwrap_or(Exit::Done)
    }
}

impl StoodIn {
    fn new(source: String, scope: String, chain: &Chain) -> Self {
        let tried = chain.candidates().map(|candidate| Tried {
            source: candidate.source.clone(),
            run_id: candidate.run_id,
            reason_code: candidate.reason_code().map(str::to_owned),
        });
        let answered_by = chain.answer().map(|candidate| candidate.source.clone());
        Self { source, scope, answered_by, tried: tried.collect() }
    }

    /// Who did not answer, and why.
    fn reasons(&self) -> String {
        let failed = self.tried.iter().filter(|tried| Some(&tried.source) != self.answered_by.as_ref());
        let reasons = failed.map(|tried| match &tried.reason_code {
            Some(reason) => format!("{}: {reason}", tried.source),
            None => tried.source.clone(),
        });
        reasons.collect::<Vec<_>>().join(", ")
    }
}

/// A scope behind the name of its source.
fn bracketed(scope: &str) -> String {
    if scope.is_empty() { String::new() } else { format!(" [{scope}]") }
}

impl Report for ScrapeReport {
    fn write(&self, page: &mut Page) {
        for run in &self.runs {
            run.run.write(page);
            if run.num_requests > 0 || run.num_pages > 0 {
                page.line(&format!(
                    "  {} pages, {} requests, {} not modified, {} received",
                    format::count(run.num_pages),
                    format::count(run.num_requests),
                    format::count(run.num_not_modified),
                    format::bytes(run.bytes_received),
                ));
            }
            for drift in &run.drift {
                page.line(&format!("  the field {} is {}", format::plain(&drift.field_name), drift.change));
            }
        }
        for error in &self.errors {
            let scope = bracketed(&error.scope);
            page.toned(Tone::Bad, &format!("{}{scope} could not be scraped", error.source));
            for line in error.told.lines() {
                page.line(&format!("  {line}"));
            }
            if let Some(run_id) = error.run_id {
                page.line(&format!("  forebay runs logs {run_id} shows what was tried"));
            }
        }
        for stood_in in &self.fallbacks {
            let (subject, reasons) =
                (format!("{}{}", stood_in.source, bracketed(&stood_in.scope)), stood_in.reasons());
            match &stood_in.answered_by {
                Some(name) => {
                    page.toned(Tone::Warning, &format!("{name} stood in for {subject} ({reasons})"));
                }
                None => page.toned(Tone::Bad, &format!("nobody answered for {subject} ({reasons})")),
            }
        }
    }
}
