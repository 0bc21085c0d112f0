//! A source, and those that stand in for it: asked in order, until one answers.
//!
//! A source has answered when its run was applied, as complete or as partial, and brought something, or nothing where
//! there was nothing before. One that failed, was refused, is held, or came back empty although its scope had records is
//! followed by the next of its `fallback`. Those of a fallback are not followed: chains end.

use std::sync::atomic::{AtomicI64, Ordering};

use forebay_domain::{run::RunStatus, scope::Scope};

use super::{ScrapeOptions, Scraper, SourceDefinition, scrape};
use crate::{
    error::{Error, Result},
    persist::{Progress, RunReport},
};

/// What became of asking one source.
#[derive(Debug)]
pub struct Candidate {
    /// The source.
    pub source: String,
    /// The run, if it came to one.
    pub run_id: Option<i64>,
    /// How it ended.
    pub result: Result<RunReport>,
}

/// What became of asking a source and, as long as none had answered, those that stand in for it.
#[derive(Debug)]
pub struct Chain {
    /// The source itself.
    pub primary: Candidate,
    /// Those that were asked in its place, in order.
    pub fallbacks: Vec<Candidate>,
}

impl Candidate {
    /// Whether what it brought will do.
    pub fn has_answered(&self) -> bool {
        self.result.as_ref().is_ok_and(|report| {
            matches!(report.status, RunStatus::Complete | RunStatus::Partial) && !is_empty(report)
        })
    }

    /// Why it ended as it did, as a stable word; None: it went as usual.
    pub fn reason_code(&self) -> Option<&str> {
        match &self.result {
            Ok(report) => {
                report.reason_code.as_deref().or_else(|| is_empty(report).then_some("zero_records"))
            }
            Err(error) => Some(error.code()),
        }
    }
}

impl Chain {
    /// All that were asked, in order.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.primary).chain(&self.fallbacks)
    }

    /// The one that answered; None: all failed.
    pub fn answer(&self) -> Option<&Candidate> {
        // Nobody is asked after one that has answered.
        self.candidates().last().filter(|last| last.has_answered())
    }

    /// The one that answered, and if none did, the source itself.
    pub fn into_decisive(mut self) -> Candidate {
        match self.fallbacks.pop() {
            Some(last) if last.has_answered() => last,
            _ => self.primary,
        }
    }
}

/// No record, where there were some.
fn is_empty(report: &RunReport) -> bool {
    report.counts.num_seen == 0 && report.had_records
}

/// Scrapes a scope of a source, and of its fallbacks in order until one answers.
///
/// Nobody stands in for an archive or for a scrape that was stopped, and nobody can where the database itself is away.
pub async fn scrape_chain(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    options: &ScrapeOptions,
    progress: &(dyn Fn(&str, &Scope, Progress) + Sync),
) -> Chain {
    let primary = ask(scraper, source, scope, options, progress).await;
    let mut chain = Chain { primary, fallbacks: Vec::new() };
    if options.from_warc.is_some() {
        return chain;
    }
    for fallback in source.fallback.iter().filter_map(|name| scraper.sources.get(name)) {
        let is_over = |last: &Candidate| match &last.result {
            Ok(_) => last.has_answered(),
            Err(error) => matches!(error, Error::Interrupted) || error.is_unreachable(),
        };
        if chain.candidates().last().is_some_and(is_over) {
            break;
        }
        chain.fallbacks.push(ask(scraper, fallback, scope, options, progress).await);
    }
    chain
}

async fn ask(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    options: &ScrapeOptions,
    progress: &(dyn Fn(&str, &Scope, Progress) + Sync),
) -> Candidate {
    // No run has this number.
    let run_id = AtomicI64::new(0);
    let result = scrape(scraper, source, scope, options, &|told| {
        if let Progress::Started { run_id: started } = told {
            run_id.store(started, Ordering::Relaxed);
        }
        progress(&source.name, scope, told);
    })
    .await;
    let run_id = Some(run_id.into_inner()).filter(|run_id| *run_id > 0);
    Candidate { source: source.name.clone(), run_id, result }
}
