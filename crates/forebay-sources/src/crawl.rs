//! A crawl: from the pages with which a source begins to all that they lead to, each of them once.
//!
//! The crawl knows neither what pages mean (that is the kind's) nor how they are fetched (the fetcher's). It keeps the
//! frontier and what was seen of it, asks its [`Memory`] what an earlier crawl found, and hands on one [`Crawled`] for
//! each page, in the order in which they were found, so that the same site gives the same run. Pages are fetched and read
//! at the same time, each as a task of its own.
//!
//! A page that fails does not end a crawl, but a crawl in which one failed has not seen everything, and says so: what
//! such a run did not see must not be removed. Only a page that is gone (404, 410), and to which another page led, is
//! an answer like any other: it yields nothing.
//!
//! Links come from outside: how many pages a crawl asks for is bounded, and so is what it keeps of those that it has not
//! asked for yet.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use forebay_domain::handoff::FailureClass;
use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::fetch::{FetchError, Fetched, Fetcher, Request, Validators};
use crate::kinds::PageKind;
use crate::page::LinkKey;
use crate::{Error, Harvest, Link};

/// So many links at a time are asked of the memory.
const RECALLED_AT_ONCE: usize = 256;
const NEVER: &str = "reading a page failed in a way that it never should";
/// A page larger than this is read on a thread that may block.
const LARGE_PAGE: usize = 256 << 10;

/// How far a crawl goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrawlSettings {
    /// The most pages of one run. One more ends it as partial, because a run that stops early must not look complete.
    /// Default: 10000.
    #[schemars(range(min = 1))]
    pub max_pages: u32,
    /// After so many pages in a row that cannot be fetched or read the run stops. Default: 10.
    #[schemars(range(min = 1))]
    pub max_failures: u32,
    /// The most pages that are fetched and read at the same time, over all hosts. Default: 16.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u16,
}

impl Default for CrawlSettings {
    fn default() -> Self {
        Self { max_pages: 10_000, max_failures: 10, concurrency: 16 }
    }
}

/// What an earlier crawl found on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownPage {
    /// What to ask with whether the page has changed.
    pub validators: Validators,
    /// Until when there is no need to ask.
    pub fresh_until: Option<Timestamp>,
    /// The references of its records.
    pub reference_ids: Vec<ReferenceId>,
    /// In how many of its records each field had a value.
    pub field_counts: BTreeMap<String, u64>,
    /// Where it leads.
    pub links: Vec<Link>,
}

/// What is remembered of earlier crawls.
pub trait Memory: Send + Sync + 'static {
    /// What is known of each of these pages. Only what may be relied upon: the records of the page are stored as it
    /// yielded them, by the settings with which it would be read now.
    fn recall(&self, links: &[Link]) -> impl Future<Output = Vec<Option<KnownPage>>> + Send;

    /// Whether what is found now may be relied upon later. If not, pages come without anything to ask with the next time,
    /// so that nobody remembers them.
    fn keeps(&self) -> bool {
        true
    }
}

/// No memory: every page is fetched and read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Memory for Forgetful {
    async fn recall(&self, links: &[Link]) -> Vec<Option<KnownPage>> {
        vec![None; links.len()]
    }
}

/// What became of a page.
#[derive(Debug)]
pub struct Crawled {
    /// The page.
    pub link: Link,
    /// What became of it.
    pub outcome: PageOutcome,
}

/// What became of a page.
#[derive(Debug)]
pub enum PageOutcome {
    /// It was fetched and read.
    Read {
        /// What it yielded.
        harvest: Harvest,
        /// What to ask with the next time.
        validators: Validators,
        /// Until when there is no need to ask.
        fresh_until: Option<Timestamp>,
        /// When it was fetched.
        fetched_at: Timestamp,
    },
    /// It is as it was known, so it was not read.
    Unchanged {
        /// What was known of it.
        known: KnownPage,
    },
    /// It is gone (404, 410).
    Gone {
        /// The status of the answer.
        status: u16,
    },
    /// It could not be fetched or read.
    Failed {
        /// Why.
        error: Error,
    },
}

/// How a crawl ended.
#[derive(Debug, Default)]
pub struct CrawlEnd {
    /// Pages that were read, or known to be as they were.
    pub num_pages: u64,
    /// Those of them that were known.
    pub num_unchanged: u64,
    /// Pages that could not be fetched or read.
    pub num_failed: u64,
    /// Links that were not followed because they lead to another host.
    pub num_refused_links: u64,
    /// Why it has not seen everything, as a stable code and a sentence; None: it has.
    pub incomplete: Option<Incomplete>,
}

/// Why a crawl has not seen everything.
#[derive(Clone, Debug)]
pub struct Incomplete {
    /// The stable code: of the first page that failed, or `too_many_pages`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: Cow<'static, str>,
    /// The class of the failure.
    pub class: FailureClass,
    /// The time that a host asked to wait.
    pub retry_after: Option<Duration>,
}

impl Incomplete {
    fn new(code: &'static str, message: String, hint: &'static str) -> Self {
        Self { code, message, hint: hint.into(), class: FailureClass::Permanent, retry_after: None }
    }
}

impl From<&Error> for Incomplete {
    fn from(error: &Error) -> Self {
        let (class, retry_after) = match error {
            Error::Fetch(error) => (error.class(), error.retry_after()),
            _ => (FailureClass::Permanent, None),
        };
        Self { code: error.code(), message: error.to_string(), hint: error.hint(), class, retry_after }
    }
}

/// A crawl that is about to begin.
#[derive(Debug)]
pub struct Crawl<M> {
    /// What reads the pages.
    pub kind: Arc<PageKind>,
    /// What fetches them.
    pub fetcher: Fetcher,
    /// How far to go.
    pub settings: CrawlSettings,
    /// What is known of them.
    pub memory: M,
}

impl<M: Memory> Crawl<M> {
    /// Crawls from the first pages on, and sends what becomes of each page. Ends early, as incomplete, when nobody
    /// receives any more.
    pub async fn run(self, first: Vec<Link>, pages: mpsc::Sender<Crawled>) -> CrawlEnd {
        self.run_observed(first, pages, |_| ()).await
    }

    /// The same, and `observe` is shown each page before it is sent. The crawl waits for it, so it must not.
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
        let mut under_way = VecDeque::new();
        let mut failures_in_a_row = 0;
        let mut num_begun = 0;
        loop {
            while under_way.len() < usize::from(self.settings.concurrency) {
                if frontier.recalled.is_empty() && !frontier.waiting.is_empty() {
                    frontier.recall(&self.memory).await;
                }
                let Some((link, known)) = frontier.recalled.pop_front() else { break };
                if num_begun == self.settings.max_pages {
                    end.stop(too_many(self.settings.max_pages, &link));
                    frontier.close();
                    break;
                }
                num_begun += 1;
                let visit = visit(Arc::clone(&self.kind), self.fetcher.clone(), link, known);
                under_way.push_back(Visit(tokio::spawn(visit)));
            }
            let Some(mut visit) = under_way.pop_front() else { return end };
            let Ok(mut crawled) = (&mut visit.0).await else {
                end.num_failed += 1;
                end.stop(Incomplete::new("page_panicked", NEVER.to_owned(), "report it, with the page"));
                continue;
            };
            if let PageOutcome::Gone { status } = crawled.outcome
                && first.contains(&crawled.link.key())
            {
                let url = crate::fetch::redact_url(&crawled.link.url);
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
                PageOutcome::Failed { error } => {
                    end.num_failed += 1;
                    end.stop((&*error).into());
                }
            }
            let failed = matches!(crawled.outcome, PageOutcome::Failed { .. });
            failures_in_a_row = if failed { failures_in_a_row + 1 } else { 0 };
            observe(&crawled);
            if pages.send(crawled).await.is_err() {
                end.stop(Incomplete::new("crawl_stopped", "the crawl was stopped".to_owned(), "run again"));
                return end;
            }
            if failures_in_a_row >= self.settings.max_failures {
                frontier.close();
            }
        }
    }
}

impl CrawlEnd {
    /// What kept the crawl from seeing everything; the first reason is the one that is told.
    fn stop(&mut self, incomplete: Incomplete) {
        self.incomplete.get_or_insert(incomplete);
    }
}

fn too_many(limit: u32, next: &Link) -> Incomplete {
    let next = crate::fetch::redact_url(&next.url);
    Incomplete::new(
        "too_many_pages",
        format!("there are more than {limit} pages; the next would be {next}"),
        "raise max_pages of the source, or check that its links do not go on for ever",
    )
}

/// A page that is being fetched; not any more when nobody wants it.
struct Visit(JoinHandle<Crawled>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Fetches a page, unless it is known to be fresh, and reads it, unless it is as it was.
async fn visit(kind: Arc<PageKind>, fetcher: Fetcher, link: Link, known: Option<KnownPage>) -> Crawled {
    let outcome = match known {
        Some(known) if known.fresh_until.is_some_and(|until| until > Timestamp::now()) => {
            PageOutcome::Unchanged { known }
        }
        known => fetch(kind, &fetcher, &link, known).await.unwrap_or_else(|error| match error {
            Error::Fetch(FetchError::HttpStatus { status: status @ (404 | 410), .. }) => {
                PageOutcome::Gone { status }
            }
            error => PageOutcome::Failed { error },
        }),
    };
    Crawled { link, outcome }
}

async fn fetch(
    kind: Arc<PageKind>,
    fetcher: &Fetcher,
    link: &Link,
    known: Option<KnownPage>,
) -> Result<PageOutcome, Error> {
    let validators = known.as_ref().map(|known| known.validators.clone()).filter(|v| !v.is_empty());
    let answer = fetcher.get(&Request::new(link.url.clone()).validated(validators)).await?;
    match (answer, known) {
        (Fetched::Page { page, validators, fresh_until }, _) => {
            let fetched_at = page.fetched_at;
            let harvest = if page.body.len() > LARGE_PAGE {
                let owned = link.clone();
                let read = tokio::task::spawn_blocking(move || kind.harvest(&page, &owned));
                read.await.map_err(|_| Error::PageUnreadable {
                    url: crate::fetch::redact_url(&link.url),
                    problem: NEVER.to_owned(),
                })??
            } else {
                kind.harvest(&page, link)?
            };
            Ok(PageOutcome::Read { harvest, validators, fresh_until, fetched_at })
        }
        (Fetched::NotModified { validators, fresh_until }, Some(known)) => {
            Ok(PageOutcome::Unchanged { known: KnownPage { validators, fresh_until, ..known } })
        }
        // An answer to a question that was not asked.
        (Fetched::NotModified { .. }, None) => {
            Err(FetchError::HttpStatus { url: crate::fetch::redact_url(&link.url), status: 304 }.into())
        }
    }
}

/// Pages that are still to be fetched, and all that ever were.
struct Frontier {
    max_pages: usize,
    /// The crawl goes no further. Pages that are under way may still lead to others.
    is_closed: bool,
    seen: HashSet<LinkKey>,
    waiting: VecDeque<Link>,
    /// With what is known of them.
    recalled: VecDeque<(Link, Option<KnownPage>)>,
}

impl Frontier {
    fn of(max_pages: u32) -> Self {
        Self {
            max_pages: usize::try_from(max_pages).unwrap_or(usize::MAX),
            is_closed: false,
            seen: HashSet::new(),
            waiting: VecDeque::new(),
            recalled: VecDeque::new(),
        }
    }

    /// Adds a page, unless it was added before or there is no room. One page more than may be asked for is enough to
    /// know that there are more.
    fn add(&mut self, mut link: Link) -> LinkKey {
        link.url.set_fragment(None);
        let key = link.key();
        let has_room = !self.is_closed && self.seen.len() <= self.max_pages;
        if has_room && self.seen.insert(key) {
            self.waiting.push_back(link);
        }
        key
    }

    fn add_all(&mut self, links: &[Link]) {
        for link in links {
            self.add(link.clone());
        }
    }

    async fn recall(&mut self, memory: &impl Memory) {
        let batch: Vec<Link> = self.waiting.drain(..self.waiting.len().min(RECALLED_AT_ONCE)).collect();
        let mut known = memory.recall(&batch).await.into_iter();
        self.recalled.extend(batch.into_iter().map(|link| (link, known.next().flatten())));
    }

    /// Ends the crawl for good.
    fn close(&mut self) {
        self.is_closed = true;
        self.waiting.clear();
        self.recalled.clear();
    }
}

#[cfg(test)]
mod tests;
