//! [`Network`] and [`Fetcher`]: the entry points.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use bytes::Bytes;
use tracing::instrument;
use url::Url;

use super::{
    client::Clients,
    decode::decode_body,
    download,
    error::FetchError,
    freshness::fresh_until,
    head::Head,
    hosts::Hosts,
    identity::Identity,
    large_pages::{LargePages, PageMemory, SMALL_PAGE},
    pace::Feedback,
    random::Random,
    redact::redact_url,
    redirects::{follow, limits},
    request::{Download, Fetched, Request, Validators},
    response::{Oversize, Response},
    retry::Retry,
    robots_cache::RobotsCache,
    send::{Purpose, discard},
    session::{Origin, Session, Shared},
    settings::FetchSettings,
    stats::{FetchStats, add},
    warc::{WarcReader, WarcWriter},
};
use crate::{clock::Clock, page::Page};

/// What all fetchers of a process share: connections, the pace of each host, robots.txt. Cheap to clone. Create one per
/// process.
#[derive(Clone, Debug)]
pub struct Network {
    shared: Arc<Shared>,
}

impl Network {
    /// Creates the shared state. `seed` seeds the process's [`Random`]; use a different one in each process.
    pub fn new(seed: u64, clock: Clock) -> Self {
        let random = Random::seeded(seed);
        let shared = Shared {
            clients: Clients::default(),
            hosts: Hosts::new(),
            robots: RobotsCache::new(clock.clone()),
            random,
            clock,
            large_pages: LargePages::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The random numbers of the process.
    pub fn random(&self) -> &Random {
        &self.shared.random
    }

    /// Creates a fetcher for one run of a source. Reads the secrets that the settings refer to, and opens the archive.
    /// `homes` are URLs of the source itself; secret headers are only sent to their origins (scheme, host and port).
    pub fn fetcher(&self, settings: &FetchSettings, homes: &[Url]) -> Result<Fetcher, FetchError> {
        let Shared { clients, random, clock, .. } = &*self.shared;
        let archive = settings.warc.as_deref().map(|path| WarcWriter::open(path, random.clone(), clock));
        let archive = archive.transpose()?;
        let origin = Origin::Network { shared: Arc::clone(&self.shared), client: clients.client(settings)? };
        Fetcher::create(origin, settings, homes, archive, clock.clone())
    }
}

/// Fetches pages for one run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    session: Arc<Session>,
}

impl Fetcher {
    /// Creates a fetcher that reads responses from an archive and makes no connection. A page that is not in the
    /// archive is the error `not_in_warc`. Pages keep the time at which they were fetched. Opening the archive reads
    /// all of it, and blocks.
    pub fn replaying(archive: &Path, settings: &FetchSettings, clock: Clock) -> Result<Self, FetchError> {
        let origin = Origin::Archive(Arc::new(WarcReader::open(archive)?));
        let settings = FetchSettings { warc: None, headers: BTreeMap::new(), ..settings.clone() };
        Self::create(origin, &settings, &[], None, clock)
    }

    fn create(
        origin: Origin,
        settings: &FetchSettings,
        homes: &[Url],
        archive: Option<WarcWriter>,
        clock: Clock,
    ) -> Result<Self, FetchError> {
        let large_pages = match &origin {
            Origin::Network { shared, .. } => shared.large_pages.clone(),
            Origin::Archive(_) => LargePages::default(),
        };
        let session = Session {
            origin,
            limits: limits(settings),
            identity: Identity::of(settings, homes)?,
            archive: archive.map(Arc::new),
            stats: Arc::default(),
            settings: settings.clone(),
            clock,
            large_pages,
        };
        Ok(Self { session: Arc::new(session) })
    }

    /// Fetches a whole page, decompressed, of at most `max_body` bytes. Waits for the host's permit, and retries
    /// transient failures; the error is that of the last attempt.
    #[instrument(name = "page", skip_all, fields(url = redact_url(&request.url)))]
    pub async fn get(&self, request: &Request) -> Result<Fetched, FetchError> {
        let mut retry = Retry::default();
        loop {
            match self.get_once(request).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => self.before_retry(&mut retry, error).await?,
            }
        }
    }

    /// Starts to download a file of at most `max_file` bytes, to be read as it arrives. Only the request is retried: a
    /// download that fails later is an error when its body is read.
    #[instrument(name = "page", skip_all, fields(url = redact_url(&request.url)))]
    pub async fn download(&self, request: &Request) -> Result<Download, FetchError> {
        let mut retry = Retry::default();
        loop {
            match self.download_once(request).await {
                Ok(download) => return Ok(download),
                Err(error) => self.before_retry(&mut retry, error).await?,
            }
        }
    }

    /// The counters of this fetcher.
    pub fn stats(&self) -> &Arc<FetchStats> {
        &self.session.stats
    }

    /// The memory for the large pages of the process.
    pub(crate) fn large_pages(&self) -> &LargePages {
        &self.session.large_pages
    }

    /// The clock that this fetcher was created with.
    pub fn clock(&self) -> &Clock {
        &self.session.clock
    }

    async fn get_once(&self, request: &Request) -> Result<Fetched, FetchError> {
        let session = &*self.session;
        let response = follow(session, request, Purpose::Page).await?;
        let fresh_until = self.fresh_until(&response, request);
        if response.head.status == 304 {
            let validators = self.not_modified(response, request).await?;
            return Ok(Fetched::NotModified { validators, fresh_until });
        }
        let Response { head, content } = response;
        let limit = session.settings.max_body.get();
        let mut memory = session.large_pages.page(request.turn.clone(), limit);
        let wire = content.read(&head.url, limit, Oversize::Refuse, &session.stats, &mut memory).await?;
        session.record(request, &head, &wire, false).await?;
        let body = decode(wire, &head, limit, &mut memory).await?;
        let body = memory.hold(body);
        add(&session.stats.decoded_bytes, body.len() as u64);
        let validators = Validators::of(&head.headers);
        let (content_type, link_headers) = (head.content_type(), head.link_headers());
        let page = Page { url: head.url, content_type, link_headers, body, fetched_at: head.at };
        Ok(Fetched::Page { page, validators, fresh_until })
    }

    async fn download_once(&self, request: &Request) -> Result<Download, FetchError> {
        let response = follow(&self.session, request, Purpose::File).await?;
        let fresh_until = self.fresh_until(&response, request);
        if response.head.status == 304 {
            let validators = self.not_modified(response, request).await?;
            return Ok(Download::NotModified { validators, fresh_until });
        }
        let Response { head, content } = response;
        let body = download::start(Arc::clone(&self.session), request, &head, content)?;
        let (content_type, validators) = (head.content_type(), Validators::of(&head.headers));
        Ok(Download::File { url: head.url, content_type, body, validators, fresh_until, fetched_at: head.at })
    }

    /// Ends a 304 response, and returns the validators for the next request.
    async fn not_modified(&self, response: Response, request: &Request) -> Result<Validators, FetchError> {
        self.session.stats.confirmed(response.head.url.host_str().unwrap_or_default());
        let head = discard(&self.session, response, request, Feedback::Good).await?;
        let new = Validators::of(&head.headers);
        let old = request.validators.clone().unwrap_or_default();
        // A 304 may leave out a validator that has not changed (RFC 9110, 15.4.5).
        Ok(Validators { etag: new.etag.or(old.etag), last_modified: new.last_modified.or(old.last_modified) })
    }

    fn fresh_until(&self, response: &Response, request: &Request) -> Option<jiff::Timestamp> {
        let sent = || self.session.identity.headers(&response.head.url, request);
        fresh_until(&response.head, sent)
    }

    async fn before_retry(&self, retry: &mut Retry, error: FetchError) -> Result<(), FetchError> {
        let wait = retry.next_wait(error, &self.session.settings, self.session.jitter())?;
        self.session.wait(wait).await;
        Ok(())
    }
}

/// Decodes a page. One that turns out large waits for its turn, and is then decoded from its start.
async fn decode(wire: Bytes, head: &Head, limit: u64, memory: &mut PageMemory) -> Result<Bytes, FetchError> {
    if memory.is_exceeded_by(SMALL_PAGE + 1) && limit > SMALL_PAGE as u64 {
        match decode_body(wire.clone(), head, SMALL_PAGE as u64, Oversize::Refuse).await {
            Err(FetchError::BodyTooLarge { .. }) => memory.extend().await,
            decoded => return decoded,
        }
    }
    decode_body(wire, head, limit, Oversize::Refuse).await
}
