//! Fetches and reads one page, in a task of its own.
//!
//! Pages are fetched at the same time, but large ones are read one after another, in the order in which the crawl
//! returns them: their records leave while they are read, so only the page whose turn it is may have many.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, spawn_blocking},
};
use tracing::Instrument;

use super::{
    memory::KnownPage,
    outcome::{Crawled, PageOutcome},
};
use crate::{
    error::Error,
    fetch::{FetchError, Fetched, Fetcher, Request, Turn, redact_url},
    kinds::PageKind,
    page::{Harvest, Link, Page},
};

/// The message for a bug in the code that reads pages.
pub(super) const PANICKED: &str = "reading the page panicked, which is a bug";

/// Larger pages are read in turn, on a blocking thread. All records of a smaller page wait in memory for its turn.
const LARGE_PAGE: usize = 64 << 10;
/// Maximum number of parts of a page that wait to be sent.
const PARTS_WAITING: usize = 1;

/// The task that fetches and reads a page. Dropping it aborts the task.
pub(super) struct Visit {
    task: JoinHandle<Crawled>,
    parts: mpsc::Receiver<Crawled>,
    turn: watch::Sender<bool>,
}

impl Visit {
    pub(super) fn start(kind: Arc<PageKind>, fetcher: Fetcher, link: Link, known: Option<KnownPage>) -> Self {
        let (sender, parts) = mpsc::channel(PARTS_WAITING);
        let (turn, its_turn) = watch::channel(false);
        let fetching = Fetching { kind, fetcher, parts: sender, turn: Turn::when(its_turn) };
        Self { task: tokio::spawn(fetching.visit(link, known).in_current_span()), parts, turn }
    }

    /// Says that it is the page's turn.
    pub(super) fn begin_turn(&self) {
        self.turn.send_replace(true);
    }

    /// The next part of the page, once it is its turn; `None` at its end.
    pub(super) async fn part(&mut self) -> Option<Crawled> {
        self.parts.recv().await
    }

    /// The outcome of the page, after its parts; `None` if reading it panicked.
    pub(super) async fn join(mut self) -> Option<Crawled> {
        (&mut self.task).await.ok()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a visit needs.
struct Fetching {
    kind: Arc<PageKind>,
    fetcher: Fetcher,
    parts: mpsc::Sender<Crawled>,
    turn: Turn,
}

impl Fetching {
    /// Fetches a page, unless it is still fresh, and reads it, unless it has not changed.
    async fn visit(self, link: Link, known: Option<KnownPage>) -> Crawled {
        let outcome = match known {
            Some(known) if known.fresh_until.is_some_and(|until| until > self.fetcher.clock().now()) => {
                PageOutcome::Unchanged { known }
            }
            known => self.fetch(&link, known).await.unwrap_or_else(|error| match error {
                Error::Fetch(FetchError::HttpStatus { status: status @ (404 | 410), .. }) => {
                    PageOutcome::Gone { status }
                }
                error => PageOutcome::Failed { error },
            }),
        };
        Crawled { link, outcome }
    }

    async fn fetch(self, link: &Link, known: Option<KnownPage>) -> Result<PageOutcome, Error> {
        let validators = known.as_ref().map(|known| known.validators.clone()).filter(|v| !v.is_empty());
        let hosts = self.kind.allowed_hosts(link.role);
        let request =
            Request::new(link.url.clone()).within(hosts).validated(validators).in_turn(self.turn.clone());
        let response = self.fetcher.get(&request).await?;
        match (response, known) {
            (Fetched::Page { page, validators, fresh_until }, _) => {
                let fetched_at = page.fetched_at;
                let harvest = self.read(page, link).await?;
                Ok(PageOutcome::Read { harvest, validators, fresh_until, fetched_at })
            }
            (Fetched::NotModified { validators, fresh_until }, Some(known)) => {
                Ok(PageOutcome::Unchanged { known: KnownPage { validators, fresh_until, ..known } })
            }
            // The request was not conditional, so a 304 is invalid.
            (Fetched::NotModified { .. }, None) => {
                Err(FetchError::HttpStatus { url: redact_url(&link.url), status: 304 }.into())
            }
        }
    }

    /// Reads a page. The records of a large one are sent as parts.
    async fn read(self, page: Page, link: &Link) -> Result<Harvest, Error> {
        if page.body.len() <= LARGE_PAGE {
            return self.kind.harvest(&page, link);
        }
        self.turn.wait().await;
        let url = redact_url(&link.url);
        let unreadable = |problem: &str| Error::PageUnreadable { url, problem: problem.to_owned() };
        let (kind, parts, link) = (self.kind, self.parts, link.clone());
        let (fetched_at, of_parts) = (page.fetched_at, link.clone());
        let passed_on = Harvest::passed_to(move |block| {
            let outcome = PageOutcome::Part { block, fetched_at };
            parts.blocking_send(Crawled { link: of_parts.clone(), outcome }).is_ok()
        });
        let read = if kind.passes_on(link.role) {
            let read = spawn_blocking(move || Ok(kind.read(&page, &link, passed_on.clone())?.end(passed_on)));
            read.await.ok()
        } else {
            match self.fetcher.large_pages().parse(move || kind.harvest(&page, &link)).await {
                Some(Ok(harvest)) => spawn_blocking(move || Ok(harvest.end(passed_on))).await.ok(),
                Some(Err(error)) => Some(Err(error)),
                None => None,
            }
        };
        match read {
            Some(Ok(Some(harvest))) => Ok(harvest),
            Some(Ok(None)) => Err(unreadable("its run has ended")),
            Some(Err(error)) => Err(error),
            None => Err(unreadable(PANICKED)),
        }
    }
}
