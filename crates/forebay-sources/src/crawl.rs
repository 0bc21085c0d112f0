//! A crawl: fetches all pages that a source's first pages lead to, each once.
//!
//! The crawl doesn't know what pages mean (the kind of the source does) nor how they are fetched (the fetcher does). It
//! keeps the frontier, asks its [`Memory`] what earlier crawls stored, and returns one [`Crawled`] per page, in the
//! order in which pages were found, so the same site gives the same run. Each page is fetched and read in a task of its
//! own, several at a time.
//!
//! A failed page doesn't end the crawl, but makes it incomplete, so the run must not remove records. A page that is
//! gone (404, 410) is not a failure if another page linked to it: it yields nothing.
//!
//! Links are untrusted, so the number of pages of a crawl is bounded, and so is the number of links that it keeps.

mod frontier;
mod memory;
mod outcome;
mod settings;
mod visit;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use tokio::sync::mpsc;

use crate::{
    fetch::{FetchError, Fetcher, Validators, redact_url},
    kinds::PageKind,
    page::{Link, LinkKey},
};
use frontier::Frontier;
use visit::{PANICKED, Visit};

pub use memory::{Forgetful, KnownPage, Memory};
pub use outcome::{CrawlEnd, Crawled, Incomplete, PageOutcome};
pub use settings::CrawlSettings;

/// A crawl that has not started.
#[derive(Debug)]
pub struct Crawl<M> {
    /// Reads the pages.
    pub kind: Arc<PageKind>,
    /// Fetches the pages.
    pub fetcher: Fetcher,
    /// The limits of the crawl.
    pub settings: CrawlSettings,
    /// What earlier crawls stored about the pages.
    pub memory: M,
}

impl<M: Memory> Crawl<M> {
    /// Crawls from the first pages on, and sends the outcome of each page, after the parts of a large one. Ends at
    /// once, as incomplete, if the receiver is dropped.
    pub async fn run(self, first: Vec<Link>, pages: mpsc::Sender<Crawled>) -> CrawlEnd {
        self.run_observed(first, pages, |_| ()).await
    }

    /// The same, with `observe` called with the outcome of each page before it is sent. `observe` must not block.
    pub async fn run_observed(
        self,
        first: Vec<Link>,
        pages: mpsc::Sender<Crawled>,
        observe: impl Fn(&Crawled) + Send,
    ) -> CrawlEnd {
        let mut end = CrawlEnd::default();
        let mut frontier = Frontier::of(self.settings.max_pages);
        let keeps = self.memory.keeps();
        let first: HashSet<LinkKey> = first.into_iter().map(|link| frontier.add(link)).collect();
        let mut in_flight = VecDeque::new();
        let mut failures_in_a_row = 0;
        let mut num_started = 0;
        loop {
            while in_flight.len() < usize::from(self.settings.concurrency) {
                let Some((link, known)) = frontier.next(&self.memory).await else { break };
                if num_started == self.settings.max_pages {
                    end.stop(too_many(self.settings.max_pages, &link));
                    frontier.close();
                    break;
                }
                num_started += 1;
                let kind = Arc::clone(&self.kind);
                in_flight.push_back(Visit::start(kind, self.fetcher.clone(), link, known));
            }
            let Some(visit) = in_flight.pop_front() else { return end };
            let joined = tokio::select! {
                joined = pass_on(visit, &pages) => joined,
                // The requests in flight are dropped: a server that doesn't answer must not keep the crawl alive.
                () = pages.closed() => {
                    end.stop(stopped());
                    return end;
                }
            };
            let Some(mut crawled) = joined else {
                end.num_failed += 1;
                end.stop(Incomplete::new(
                    "page_panicked",
                    PANICKED.to_owned(),
                    "report it together with the page",
                ));
                continue;
            };
            if let PageOutcome::Gone { status } = crawled.outcome
                && first.contains(&crawled.link.key())
            {
                let url = redact_url(&crawled.link.url);
                crawled.outcome =
                    PageOutcome::Failed { error: FetchError::HttpStatus { url, status }.into() };
            }
            match &mut crawled.outcome {
                PageOutcome::Read { harvest, validators, fresh_until, .. } => {
                    end.num_pages += 1;
                    end.num_refused_links += u64::from(harvest.num_refused_links);
                    frontier.add_all(&harvest.links);
                    if !keeps {
                        *validators = Validators::default();
                        *fresh_until = None;
                    }
                }
                PageOutcome::Unchanged { known } => {
                    end.num_pages += 1;
                    end.num_unchanged += 1;
                    frontier.add_all(&known.links);
                }
                PageOutcome::Gone { .. } => end.num_pages += 1,
                // It is no outcome of a whole page.
                PageOutcome::Part { .. } => {}
                PageOutcome::Failed { error } => {
                    end.num_failed += 1;
                    end.stop((&*error).into());
                }
            }
            let failed = matches!(crawled.outcome, PageOutcome::Failed { .. });
            failures_in_a_row = if failed { failures_in_a_row + 1 } else { 0 };
            observe(&crawled);
            if pages.send(crawled).await.is_err() {
                end.stop(stopped());
                return end;
            }
            if failures_in_a_row >= self.settings.max_failures {
                frontier.close();
            }
        }
    }
}

/// Sends the parts of a page. Returns its outcome; `None` if reading it panicked.
async fn pass_on(mut visit: Visit, pages: &mpsc::Sender<Crawled>) -> Option<Crawled> {
    visit.begin_turn();
    while let Some(part) = visit.part().await {
        // The crawl ends with its receiver.
        let _ = pages.send(part).await;
    }
    visit.join().await
}

/// The reason why a crawl without a receiver is incomplete.
fn stopped() -> Incomplete {
    Incomplete::new("crawl_stopped", "the crawl was stopped".to_owned(), "run again")
}

/// The reason why a crawl that reached its limit is incomplete.
fn too_many(limit: u32, next: &Link) -> Incomplete {
    let next = redact_url(&next.url);
    Incomplete::new(
        "too_many_pages",
        format!("there are more than {limit} pages; the next one would be {next}"),
        "raise max_pages of the source, or check that its links are finite",
    )
}

#[cfg(test)]
mod tests;
