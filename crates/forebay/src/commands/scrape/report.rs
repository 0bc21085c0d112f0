//! What `forebay scrape` prints: the runs, and what did not come to a run.

use forebay_engine::scrape::Scraped;
use serde::Serialize;

use crate::{
    commands::persist::report::Run,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// All runs of one command. The JSON form is `{"runs": [ … ], "errors": [ … ]}`.
#[derive(Debug, Serialize)]
pub(super) struct ScrapeReport {
    runs: Vec<ScrapeRun>,
    errors: Vec<NotScraped>,
    /// How the command ends for each of them.
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

impl ScrapeReport {
    pub(super) fn new(scraped: Vec<Scraped>) -> Self {
        let mut report = Self { runs: Vec::new(), errors: Vec::new(), exits: Vec::new() };
        for Scraped { source, scope, run_id, result } in scraped {
            match result {
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
                    report.exits.push(run.run.exit());
                    report.runs.push(run);
                }
                Err(error) => {
                    let (code, hint) = (error.code(), error.hint());
                    let failure = Failure::from(error);
                    report.exits.push(failure.exit_code());
                    report.errors.push(NotScraped {
                        source,
                        scope: scope.to_string(),
                        run_id,
                        code,
                        message: failure.full_message(),
                        hint,
                        told: failure.to_string(),
                    });
                }
            }
        }
        report
    }

    /// The worst of what happened: what failed goes before what is held, and that before what is unavailable.
    pub(super) fn exit(&self) -> Exit {
        let worst_first =
            [Exit::DatabaseUnreachable, Exit::Failed, Exit::Usage, Exit::Held, Exit::Unavailable];
        worst_first.into_iter().find(|exit| self.exits.contains(exit)).unwrap_or(Exit::Done)
    }
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
            let scope = if error.scope.is_empty() { String::new() } else { format!(" [{}]", error.scope) };
            page.toned(Tone::Bad, &format!("{}{scope} could not be scraped", error.source));
            for line in error.told.lines() {
                page.line(&format!("  {line}"));
            }
            if let Some(run_id) = error.run_id {
                page.line(&format!("  forebay runs logs {run_id} shows what was tried"));
            }
        }
    }
}
