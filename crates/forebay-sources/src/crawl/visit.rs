//! Fetches and reads one page, in a task of its own.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tracing::Instrument;

use super::{
    memory::KnownPage,
    outcome::{Crawled, PageOutcome},
};
use crate::{
    error::Error,
    fetch::{FetchError, Fetched, Fetcher, Request, redact_url},
    kinds::PageKind,
    page::Link,
};

/// The message for a bug in the code that reads pages.
pub(super) const PANICKED: &str = "reading the page panicked, which is a bug";

/// Larger pages are read on a blocking thread.
const LARGE_PAGE: usize = 256 << 10;

/// The task that fetches and reads a page. Dropping it aborts the task.
pub(super) struct Visit(JoinHandle<Crawled>);

impl Visit {
    pub(super) fn start(kind: Arc<PageKind>, fetcher: Fetcher, link: Link, known: Option<KnownPage>) -> Self {
        Self(tokio::spawn(visit(kind, fetcher, link, known).in_current_span()))
    }

    /// The outcome of the page; `None` if reading it panicked.
    pub(super) async fn join(mut self) -> Option<Crawled> {
        (&mut self.0).await.ok()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Fetches a page, unless it is still fresh, and reads it, unless it has not changed.
async fn visit(kind: Arc<PageKind>, fetcher: Fetcher, link: Link, known: Option<KnownPage>) -> Crawled {
    let outcome = match known {
        Some(known) if known.fresh_until.is_some_and(|until| until > fetcher.clock().now()) => {
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
    let request = Request::new(link.url.clone()).within(kind.allowed_hosts(link.role)).validated(validators);
    let response = fetcher.get(&request).await?;
    match (response, known) {
        (Fetched::Page { page, validators, fresh_until }, _) => {
            let fetched_at = page.fetched_at;
            let harvest = if page.body.len() > LARGE_PAGE {
                let owned = link.clone();
                let read = tokio::task::spawn_blocking(move || kind.harvest(&page, &owned));
                read.await.map_err(|_| Error::PageUnreadable {
                    url: redact_url(&link.url),
                    problem: PANICKED.to_owned(),
                })??
            } else {
                kind.harvest(&page, link)?
            };
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
