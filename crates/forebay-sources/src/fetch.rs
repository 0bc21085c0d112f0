//! The polite fetcher: pages over HTTP, as often as a host bears and its robots.txt allows, and from nowhere that is
//! not public.
//!
//! [`Network`] is what a process shares, [`Fetcher`] what one run of a source fetches with. A request goes through
//! `hops` (checks, robots.txt, the turn at the host, redirects) to an `answer`, whose body is read whole or handed on as
//! it comes, and out of its encodings through `decode`. `tries` decides about trying again. `pace`, `robots` and
//! `address` are pure; whoever changes them finds their rules there as tables and properties.
//!
//! What must stay true:
//! - Nothing is connected to before its address, and its path by robots.txt, were let through, on every redirect anew.
//! - What a server sends has a bound wherever it is held: body, decompressed body, headers, validators, robots.txt.
//! - Secrets go to the source's own origins only, and into no error and no archive.
//! - A fetcher that replays an archive makes no connection.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use url::Url;

mod address;
mod body;
mod bounds;
pub(crate) mod charset;
mod client;
mod decode;
mod download;
mod error;
mod freshness;
mod hosts;
mod pace;
mod redact;
mod redirects;
mod request;
mod response;
mod retry;
mod robots;
mod robots_cache;
mod settings;
mod stats;
mod warc;

pub use address::{AllowPrivate, is_public};
pub use body::Body;
pub use bounds::Bounds;
pub use error::FetchError;
pub use redact::redact_url;
pub use request::{Download, Fetched, Request, Validators};
pub use settings::{
    Concurrency, Contact, Encoding, FetchSettings, Header, HeaderFromEnv, HeaderFromFile, HeaderName,
    HeaderText, Robots,
};
pub use stats::{FetchCounts, FetchStats};
pub use warc::{WarcReader, WarcWriter};

use crate::Page;
use client::{Clients, Identity};
use hosts::Hosts;
use pace::{Feedback, Limits};
use redirects::{Kept, Purpose};
use response::{Beyond, Response, decoded, whole};
use retry::Retry;
use robots_cache::RobotsCache;
use stats::add;

/// What all fetchers of a process share: connections, the pace of each host, robots.txt. Cheap to clone; make one for
/// the process.
#[derive(Clone, Debug)]
pub struct Network {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clients: Clients,
    hosts: Hosts,
    robots: RobotsCache,
    random: AtomicU64,
}

impl Network {
    /// With the seed of the random part of the waits between tries: a different one in each process.
    pub fn new(seed: u64) -> Self {
        let shared = Shared {
            clients: Clients::default(),
            hosts: Hosts::new(),
            robots: RobotsCache::default(),
            random: AtomicU64::new(seed),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A fetcher for one run of a source: reads the secrets that the settings name and opens the archive. `homes` are
    /// URLs of the source itself; secret headers are sent to their origins (scheme, host and port) only.
    pub fn fetcher(&self, settings: &FetchSettings, homes: &[Url]) -> Result<Fetcher, FetchError> {
        let archive = settings.warc.as_deref().map(WarcWriter::open).transpose()?;
        let client = self.shared.clients.client(settings)?;
        Fetcher::made(From::Network(Arc::clone(&self.shared), client), settings, homes, archive)
    }
}

/// Where answers come from.
#[derive(Debug)]
enum From {
    Network(Arc<Shared>, Client),
    Archive(Arc<WarcReader>),
}

/// Fetches for one run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    from: From,
    settings: FetchSettings,
    limits: Limits,
    identity: Identity,
    archive: Option<Arc<WarcWriter>>,
    stats: Arc<FetchStats>,
}

impl Fetcher {
    /// Answers from an archive and never touches the network: what is not in it is the error `not_in_warc`. Pages keep
    /// the time at which they were fetched. Reading through the archive blocks.
    pub fn replaying(archive: &Path, settings: &FetchSettings) -> Result<Self, FetchError> {
        let from = From::Archive(Arc::new(WarcReader::open(archive)?));
        let settings =
            FetchSettings { warc: None, headers: std::collections::BTreeMap::new(), ..settings.clone() };
        Self::made(from, &settings, &[], None)
    }

    fn made(
        from: From,
        settings: &FetchSettings,
        homes: &[Url],
        archive: Option<WarcWriter>,
    ) -> Result<Self, FetchError> {
        let inner = Inner {
            from,
            limits: redirects::limits(settings),
            identity: Identity::of(settings, homes)?,
            archive: archive.map(Arc::new),
            stats: Arc::default(),
            settings: settings.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Fetches a page whole, decompressed, of at most `max_body` bytes. Waits for its turn, and tries again what may
    /// pass; the error is that of the last try.
    pub async fn get(&self, request: &Request) -> Result<Fetched, FetchError> {
        let mut retry = Retry::default();
        loop {
            match self.get_once(request).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => self.before_retry(&mut retry, error).await?,
            }
        }
    }

    /// Begins to fetch a big file that is read while it comes, of at most `max_file` bytes. Only getting an answer is
    /// tried again: what breaks off later comes out of the body.
    pub async fn download(&self, request: &Request) -> Result<Download, FetchError> {
        let mut retry = Retry::default();
        loop {
            match self.download_once(request).await {
                Ok(download) => return Ok(download),
                Err(error) => self.before_retry(&mut retry, error).await?,
            }
        }
    }

    /// What this fetcher has done so far.
    pub fn stats(&self) -> &Arc<FetchStats> {
        &self.inner.stats
    }

    async fn get_once(&self, request: &Request) -> Result<Fetched, FetchError> {
        let response = self.follow(request, Purpose::Page).await?;
        let fresh_until = self.fresh_until(&response, request);
        if response.status == 304 {
            let validators = self.not_modified(response, request).await?;
            return Ok(Fetched::NotModified { validators, fresh_until });
        }
        let (content_type, link_headers) = (response.content_type(), response.link_headers());
        let Response { url, status, headers, at, content } = response;
        let limit = self.inner.settings.max_body.get();
        let wire = whole(content, &url, limit, Beyond::Refuse, &self.inner.stats).await?;
        self.keep(&url, request, status, &headers, at, Kept { body: &wire, is_cut: false }).await?;
        let body = decoded(wire, &headers, &url, limit, Beyond::Refuse).await?;
        add(&self.inner.stats.decoded_bytes, body.len() as u64);
        let validators = Validators::of(&headers);
        let page = Page { url, content_type, link_headers, body, fetched_at: at };
        Ok(Fetched::Page { page, validators, fresh_until })
    }

    /// Ends an answer that says that nothing has changed, and tells by what to ask next time.
    async fn not_modified(&self, response: Response, request: &Request) -> Result<Validators, FetchError> {
        add(&self.inner.stats.not_modified, 1);
        let new = Validators::of(&response.headers);
        self.end(response, Feedback::Good, request).await?;
        let old = request.validators.clone().unwrap_or_default();
        // A 304 repeats what has not changed, or leaves it out (RFC 9110, 15.4.5).
        Ok(Validators { etag: new.etag.or(old.etag), last_modified: new.last_modified.or(old.last_modified) })
    }

    fn fresh_until(&self, response: &Response, request: &Request) -> Option<Timestamp> {
        let sent = || self.inner.identity.headers(&response.url, request);
        freshness::fresh_until(&response.url, sent, &response.headers, response.at)
    }

    async fn before_retry(&self, retry: &mut Retry, error: FetchError) -> Result<(), FetchError> {
        let wait = retry.next_wait(error, &self.inner.settings, self.jitter())?;
        self.wait(wait).await;
        Ok(())
    }

    async fn wait(&self, time: Duration) {
        add(&self.inner.stats.retries, 1);
        tokio::time::sleep(time).await;
    }

    /// A random number from 0 to 1 (`SplitMix64`).
    fn jitter(&self) -> f64 {
        let From::Network(shared, _) = &self.inner.from else { return 0.0 };
        let mut bits = shared.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn archive_failed(&self, source: std::io::Error) -> FetchError {
        FetchError::WarcFailed { path: self.inner.settings.warc.clone().unwrap_or_default(), source }
    }
}

#[cfg(test)]
pub(crate) mod tests;
