//! From a URL to an answer that is no redirect, with every check before each connection.
//!
//! For each hop, in this order: the form of the URL and an address in it, robots.txt, the turn at the host. Only then
//! is a connection made, and only to addresses that the resolver let through.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use super::pace::{Feedback, Limits};
use super::response::{Beyond, Content, Response, decoded, feedback_of, unanswered, whole};
use super::retry::Retry;
use super::robots::{self, Rules};
use super::robots_cache::Known;
use super::stats::add;
use super::warc::{Exchange, WarcReader};
use super::{FetchError, Fetcher, From, Request, Robots, redact_url};

/// The longest URL that is fetched. Browsers and servers agree on about this.
const MAX_URL: usize = 8 << 10;

/// The redirects of a robots.txt (RFC 9309, 2.3.1.2).
const ROBOTS_REDIRECTS: u8 = 5;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A page that is read whole.
    Page,
    /// A file that is read while it comes.
    File,
    /// A robots.txt, which needs nobody's leave.
    Robots,
}

/// What there is of a body for the archive.
pub(super) struct Kept<'a> {
    pub(super) body: &'a Bytes,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

impl Fetcher {
    /// The answer to a request after redirects: a page (200, 203) or, if validators were sent, 304.
    pub(super) async fn follow(&self, request: &Request, purpose: Purpose) -> Result<Response, FetchError> {
        let mut url = request.url.clone();
        let most = match purpose {
            Purpose::Robots => ROBOTS_REDIRECTS,
            Purpose::Page | Purpose::File => self.inner.settings.max_redirects,
        };
        for _ in 0..=most {
            url.set_fragment(None);
            if url.as_str().len() > MAX_URL {
                return Err(FetchError::UrlRefused {
                    url: redact_url(&url),
                    problem: "it is longer than 8 KiB",
                });
            }
            let response = match &self.inner.from {
                From::Archive(archive) => find(Arc::clone(archive), &url, request).await?,
                From::Network(..) => self.ask(&url, request, purpose).await?,
            };
            match response.status {
                200 | 203 => return Ok(response),
                304 if request.validators.as_ref().is_some_and(|known| !known.is_empty()) => {
                    return Ok(response);
                }
                301 | 302 | 303 | 307 | 308 => {
                    let next = location(&response);
                    self.end(response, Feedback::Good, request).await?;
                    url = next.ok_or_else(|| FetchError::RedirectInvalid { url: redact_url(&url) })?;
                }
                _ => return Err(self.refused(response, request).await?),
            }
        }
        Err(FetchError::TooManyRedirects { url: redact_url(&request.url), limit: most })
    }

    /// Asks the network for one hop.
    async fn ask(&self, url: &Url, request: &Request, purpose: Purpose) -> Result<Response, FetchError> {
        let From::Network(network, client) = &self.inner.from else {
            return Err(FetchError::NotInWarc { url: redact_url(url) });
        };
        let settings = &self.inner.settings;
        settings.allow_private.check(url)?;
        let mut limits = self.inner.limits;
        if purpose != Purpose::Robots && settings.robots == Robots::Obey {
            limits.gap = limits.gap.max(self.leave(url).await?);
        }
        let host = network.hosts.host(url.host_str().unwrap_or_default());
        let permit = host.acquire(limits, settings.max_retry_after.get()).await;
        let permit = permit
            .map_err(|paused| FetchError::Throttled { url: redact_url(url), retry_after: Some(paused.0) })?;

        let mut asked = reqwest::Request::new(Method::GET, url.clone());
        *asked.headers_mut() = self.inner.identity.headers(url, request);
        let timeout = settings.timeout.get();
        // The time of a file is measured between its pieces.
        if purpose != Purpose::File {
            *asked.timeout_mut() = Some(timeout);
        }
        add(&self.inner.stats.requests, 1);
        let answered = if purpose == Purpose::File {
            let answered = tokio::time::timeout(timeout, client.execute(asked)).await;
            answered.map_err(|_| FetchError::Timeout { url: redact_url(url) })
        } else {
            Ok(client.execute(asked).await)
        };
        let answered = answered.and_then(|answered| answered.map_err(|error| unanswered(url, error)));
        match answered {
            Ok(mut response) => Ok(Response {
                url: url.clone(),
                status: response.status().as_u16(),
                headers: std::mem::take(response.headers_mut()),
                at: Timestamp::now(),
                content: Content::Network { response, permit },
            }),
            Err(error) => {
                permit.end(feedback_of(&error));
                Err(error)
            }
        }
    }

    /// Ends an answer that is neither a page nor a redirect, and says what it was.
    async fn refused(&self, response: Response, request: &Request) -> Result<FetchError, FetchError> {
        let (url, status, retry_after) = (redact_url(&response.url), response.status, response.retry_after());
        let is_throttled = status == 429 || (status == 503 && retry_after.is_some());
        let feedback = match status {
            429 | 503 => Feedback::Overloaded(retry_after),
            500.. => Feedback::Neutral,
            _ => Feedback::Good,
        };
        self.end(response, feedback, request).await?;
        Ok(if is_throttled {
            FetchError::Throttled { url, retry_after }
        } else {
            FetchError::HttpStatus { url, status }
        })
    }

    /// Ends an answer whose body nobody reads.
    pub(super) async fn end(
        &self,
        mut response: Response,
        feedback: Feedback,
        request: &Request,
    ) -> Result<(), FetchError> {
        let (url, status, at) = (response.url.clone(), response.status, response.at);
        let headers = std::mem::take(&mut response.headers);
        let timeout = self.inner.settings.timeout.get();
        let drained = tokio::time::timeout(timeout, response.drain(feedback, &self.inner.stats)).await;
        let (body, is_cut) = drained.unwrap_or((Bytes::new(), true));
        self.keep(&url, request, status, &headers, at, Kept { body: &body, is_cut }).await
    }

    /// Adds an answer to the archive, if there is one.
    pub(super) async fn keep(
        &self,
        url: &Url,
        request: &Request,
        status: u16,
        headers: &HeaderMap,
        at: Timestamp,
        kept: Kept<'_>,
    ) -> Result<(), FetchError> {
        let Some(archive) = self.inner.archive.clone() else { return Ok(()) };
        let (body, is_cut) = (kept.body.clone(), kept.is_cut);
        let sent = self.inner.identity.headers(url, request);
        let exchange = Exchange { url: url.clone(), sent, status, headers: headers.clone(), at, is_cut };
        let length = body.len() as u64;
        let added = tokio::task::spawn_blocking(move || archive.add(&exchange, &mut body.reader(), length));
        added.await.unwrap_or_else(|error| Err(self.archive_failed(io::Error::other(error))))
    }

    /// Asks robots.txt for leave to fetch a URL, and returns the gap that it wants.
    async fn leave(&self, url: &Url) -> Result<Duration, FetchError> {
        let From::Network(network, _) = &self.inner.from else { return Ok(Duration::ZERO) };
        let origin = url.origin().ascii_serialization();
        // Boxed, because fetching robots.txt is fetching.
        let known = network.robots.get(&origin, || Box::pin(self.fetch_robots(url))).await?;
        let rules = known.map_err(|problem| FetchError::RobotsUnreachable { origin, problem })?;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        if !rules.allows(path) {
            return Err(FetchError::RobotsDisallowed { url: redact_url(url) });
        }
        let longest = self.inner.settings.max_retry_after.get();
        Ok(rules.crawl_delay.unwrap_or_default().min(longest))
    }

    async fn fetch_robots(&self, page: &Url) -> Result<Known, FetchError> {
        let mut url = page.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        let request = Request::new(url);
        let mut retry = Retry::default();
        loop {
            let error = match self.read_robots(&request).await {
                Ok(rules) => return Ok(Ok(Arc::new(rules))),
                Err(error) => error,
            };
            match error {
                error @ (FetchError::AddressRefused { .. } | FetchError::WarcFailed { .. }) => {
                    return Err(error);
                }
                // There is none (RFC 9309, 2.3.1.2 and 2.3.1.3). An empty answer is one, too.
                FetchError::HttpStatus { status: 204 | 300..=499, .. }
                | FetchError::UrlRefused { .. }
                | FetchError::RedirectInvalid { .. }
                | FetchError::TooManyRedirects { .. } => return Ok(Ok(Arc::new(Rules::allow_all()))),
                error => {
                    let problem = match &error {
                        FetchError::HttpStatus { status, .. } => format!("status {status}"),
                        error => error.code().to_owned(),
                    };
                    // A host that is paused for everybody says nothing about its robots.txt.
                    let patience = self.inner.settings.max_retry_after.get();
                    let is_paused = error.retry_after().is_some_and(|time| time > patience);
                    match retry.next_wait(error, &self.inner.settings, self.jitter()) {
                        Ok(wait) => self.wait(wait).await,
                        Err(error) if is_paused => return Err(error),
                        Err(_) => return Ok(Err(problem)),
                    }
                }
            }
        }
    }

    async fn read_robots(&self, request: &Request) -> Result<Rules, FetchError> {
        let Response { url, status, headers, at, content } = self.follow(request, Purpose::Robots).await?;
        let limit = robots::MAX_BYTES as u64;
        let wire = whole(content, &url, limit, Beyond::Cut, &self.inner.stats).await?;
        let kept = Kept { body: &wire, is_cut: wire.len() as u64 > limit };
        self.keep(&url, request, status, &headers, at, kept).await?;
        Ok(Rules::parse(&decoded(wire, &headers, &url, limit, Beyond::Cut).await?))
    }
}

/// Where a redirect leads.
fn location(response: &Response) -> Option<Url> {
    let location = response.headers.get(LOCATION)?.as_bytes();
    response.url.join(str::from_utf8(location).ok()?).ok()
}

/// The answer that an archive holds.
async fn find(archive: Arc<WarcReader>, url: &Url, request: &Request) -> Result<Response, FetchError> {
    let known = request.validators.as_ref().is_some_and(|known| !known.is_empty());
    let wanted = url.clone();
    let found = tokio::task::spawn_blocking(move || archive.find(wanted.as_str(), known)).await;
    let missing = || FetchError::NotInWarc { url: redact_url(url) };
    let recorded = found.map_err(|_| missing())??.ok_or_else(missing)?;
    Ok(Response {
        url: url.clone(),
        status: recorded.status,
        headers: recorded.headers,
        at: recorded.at,
        content: Content::Archive(recorded.body),
    })
}

/// What a source grants for one host.
pub(super) fn limits(settings: &super::FetchSettings) -> Limits {
    let gap = settings.rate.get().map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
    Limits { gap, concurrency: settings.concurrency.get() }
}
