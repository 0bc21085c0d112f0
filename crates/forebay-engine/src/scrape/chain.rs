//! A source and its fallbacks, tried in order until one answers.
//!
//! A source has answered if its run was applied, as complete or as partial, and did not come back empty. If it failed,
//! was refused, is held, or came back empty, the next source in its `fallback` is tried. The fallbacks of a fallback
//! are not tried, so chains end.

use std::sync::atomic::{AtomicI64, Ordering};

use forebay_domain::{run::RunStatus, scope::Scope};

use super::{definition::SourceDefinition, options::ScrapeOptions, run::scrape, scraper::Scraper};
use crate::{
    error::{Error, Result},
    persist::{Progress, RunReport},
};

/// The result of trying one source.
#[derive(Debug)]
pub struct Candidate {
    /// The source.
    pub source: String,
    /// The run, if one began.
    pub run_id: Option<i64>,
    /// How it ended.
    pub result: Result<RunReport>,
}

/// The results of trying a source and, until one answered, its fallbacks.
#[derive(Debug)]
pub struct Chain {
    /// The source itself.
    pub primary: Candidate,
    /// The fallbacks that were tried, in order.
    pub fallbacks: Vec<Candidate>,
}

impl Candidate {
    /// Whether its run was applied and did not come back empty.
    pub fn has_answered(&self) -> bool {
        self.result.as_ref().is_ok_and(RunReport::has_answered)
    }

    /// The status of its run. `None`: no run began.
    pub fn status(&self) -> Option<RunStatus> {
        match &self.result {
            Ok(report) => Some(report.status),
            Err(error) => self.run_id.map(|_| error.run_status()),
        }
    }

    /// Why it ended as it did, as a stable word. `None`: nothing unusual happened.
    pub fn reason_code(&self) -> Option<&str> {
        match &self.result {
            Ok(report) => {
                report.reason_code.as_deref().or_else(|| report.came_back_empty().then_some("zero_records"))
            }
            Err(error) => Some(error.code()),
        }
    }
}

impl Chain {
    /// All sources that were tried, in order.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.primary).chain(&self.fallbacks)
    }

    /// The source that answered; `None`: all failed.
    pub fn answer(&self) -> Option<&Candidate> {
        // No source is tried after one that has answered.
        self.candidates().last().filter(|last| last.has_answered())
    }

    /// The source that decides the result: the one that answered; if none did, the primary source, or for a disabled
    /// one its last fallback.
    pub fn decisive(&self) -> &Candidate {
        self.fallbacks.last().filter(|last| self.is_decided_by(last)).unwrap_or(&self.primary)
    }

    /// The same, without the other sources.
    pub fn into_decisive(mut self) -> Candidate {
        match self.fallbacks.pop() {
            Some(last) if self.is_decided_by(&last) => last,
            _ => self.primary,
        }
    }

    fn is_decided_by(&self, last: &Candidate) -> bool {
        last.has_answered() || matches!(self.primary.result, Err(Error::SourceDisabled { .. }))
    }
}

/// Scrapes a scope of a source, and of its fallbacks in order until one answers.
///
/// Fallbacks are not tried for an archive, after a scrape was stopped, or while the database is unreachable.
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
    // No run has this id.
    let run_id = AtomicI64::new(0);
    let result = scrape(scraper, source, scope, options, &|event| {
        if let Progress::Started { run_id: started } = event {
            run_id.store(started, Ordering::Relaxed);
        }
        progress(&source.name, scope, event);
    })
    .await;
    let run_id = Some(run_id.into_inner()).filter(|run_id| *run_id > 0);
    Candidate { source: source.name.clone(), run_id, result }
}
