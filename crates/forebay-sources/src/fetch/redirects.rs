//! From a URL to its final response: follows redirects, with all checks before every request.
//!
//! The checks before each request, in order: the form of the URL and an address in it, robots.txt, the host's permit. A
//! connection is then made only to addresses that the resolver accepted. Asking robots.txt and following redirects are
//! in one file because fetching robots.txt follows redirects itself.

use std::{sync::Arc, time::Duration};

use tokio::task;
use tracing::debug;
use url::{Position, Url};

use super::{
    away::{AllowedHost, check_redirect},
    decode::decode_body,
    error::FetchError,
    large_pages::Turn,
    pace::{Feedback, Limits},
    redact::redact_url,
    request::Request,
    response::{Oversize, Response},
    retry::Retry,
    robots::{self, Rules},
    robots_cache::{Key, Known},
    send::{Purpose, discard, replay, send, status_error},
    session::{Origin, Session},
    settings::{FetchSettings, Robots},
};

/// Maximum length of a URL; browsers and servers have similar limits.
const MAX_URL: usize = 8 << 10;

/// Maximum number of redirects of a robots.txt (RFC 9309, 2.3.1.2).
const ROBOTS_REDIRECTS: u8 = 5;

/// The response to a request after redirects: a page (200, 203) or, if validators were sent, a 304.
pub(super) async fn follow(
    session: &Session,
    request: &Request,
    purpose: Purpose,
) -> Result<Response, FetchError> {
    let mut url = request.url.clone();
    let max_redirects = match purpose {
        Purpose::Robots => ROBOTS_REDIRECTS,
        Purpose::Page | Purpose::File => session.settings.max_redirects,
    };
    for _ in 0..=max_redirects {
        url.set_fragment(None);
        if url.as_str().len() > MAX_URL {
            return Err(FetchError::UrlRefused { url: redact_url(&url), problem: "it is longer than 8 KiB" });
        }
        if let Some(allowed) = &request.redirects {
            session.settings.allow_private.check(&url)?;
            check_redirect(&request.url, &url, allowed)?;
        }
        let response = match &session.origin {
            Origin::Archive(archive) => replay(Arc::clone(archive), &url, request).await?,
            Origin::Network { .. } => {
                let limits = admit(session, &url, request, purpose).await?;
                send(session, &url, request, limits).await?
            }
        };
        match response.head.status {
            200 | 203 => return Ok(response),
            304 if request.has_validators() => return Ok(response),
            301 | 302 | 303 | 307 | 308 => {
                let head = discard(session, response, request, Feedback::Good).await?;
                let target = head.location();
                let target = target.ok_or_else(|| FetchError::RedirectInvalid { url: redact_url(&url) })?;
                debug!(from = redact_url(&url), to = redact_url(&target), "following a redirect");
                url = target;
            }
            _ => return Err(status_error(session, response, request).await?),
        }
    }
    Err(FetchError::TooManyRedirects { url: redact_url(&request.url), limit: max_redirects })
}

/// The limits of a source for one host.
pub(super) fn limits(settings: &FetchSettings) -> Limits {
    let gap = settings.rate.get().map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
    Limits { gap, concurrency: settings.concurrency.get() }
}

/// Checks whether a URL may be fetched, and returns the limits that apply.
async fn admit(
    session: &Session,
    url: &Url,
    request: &Request,
    purpose: Purpose,
) -> Result<Limits, FetchError> {
    session.settings.allow_private.check(url)?;
    let mut limits = session.limits;
    if purpose != Purpose::Robots && session.settings.robots == Robots::Obey {
        limits.gap = limits.gap.max(ask_robots(session, url, request.redirects.as_ref()).await?);
    }
    Ok(limits)
}

/// Checks a URL against robots.txt, which may be redirected to where the page may, and returns the delay that it asks
/// for between requests.
async fn ask_robots(
    session: &Session,
    url: &Url,
    redirects: Option<&Arc<[AllowedHost]>>,
) -> Result<Duration, FetchError> {
    let Origin::Network { shared, .. } = &session.origin else { return Ok(Duration::ZERO) };
    let origin = url.origin().ascii_serialization();
    let request = Request { redirects: redirects.cloned(), ..Request::new(robots_url(url)) };
    let key = Key { origin: origin.clone(), redirects: request.redirects.clone() };
    // Boxed, because fetching robots.txt calls `follow` again.
    let known = shared.robots.get(key, || Box::pin(fetch_robots(session, &request))).await?;
    let rules = known.map_err(|problem| FetchError::RobotsUnreachable { origin, problem })?;
    match is_allowed(Arc::clone(&rules), url).await {
        Some(true) => {}
        Some(false) => {
            debug!(url = redact_url(url), "robots.txt disallows the URL");
            return Err(FetchError::RobotsDisallowed { url: redact_url(url) });
        }
        None => return Err(FetchError::RobotsTooComplex { url: redact_url(url) }),
    }
    let longest = session.settings.max_retry_after.get();
    Ok(rules.crawl_delay.unwrap_or_default().min(longest))
}

fn robots_url(page: &Url) -> Url {
    let mut url = page.clone();
    url.set_path("/robots.txt");
    url.set_query(None);
    url
}

async fn fetch_robots(session: &Session, request: &Request) -> Result<Known, FetchError> {
    debug!(url = redact_url(&request.url), "fetching robots.txt");
    let mut retry = Retry::default();
    loop {
        let error = match read_robots(session, request).await {
            Ok(rules) => return Ok(Ok(Arc::new(rules))),
            Err(error) => error,
        };
        match error {
            error @ (FetchError::AddressRefused { .. } | FetchError::WarcFailed { .. }) => {
                return Err(error);
            }
            // The site has none (RFC 9309, 2.3.1.2 and 2.3.1.3). An empty response counts as none, too.
            FetchError::HttpStatus { status: 204 | 300..=499, .. }
            | FetchError::UrlRefused { .. }
            | FetchError::RedirectInvalid { .. }
            | FetchError::TooManyRedirects { .. } => return Ok(Ok(Arc::new(Rules::allow_all()))),
            // There are rules (RFC 9309, 2.3.1.2), but the origin that has them must not be asked.
            FetchError::RedirectedAway { to, .. } => {
                return Ok(Err(format!("it redirects to {to}, which is not in the source's allow_hosts")));
            }
            error => {
                let problem = match &error {
                    FetchError::HttpStatus { status, .. } => format!("status {status}"),
                    error => error.code().to_owned(),
                };
                // A pause of the whole host does not mean that its robots.txt is unreachable.
                let max_wait = session.settings.max_retry_after.get();
                let is_paused = error.retry_after().is_some_and(|time| time > max_wait);
                match retry.next_wait(error, &session.settings, session.jitter()) {
                    Ok(wait) => session.wait(wait).await,
                    Err(error) if is_paused => return Err(error),
                    Err(_) => return Ok(Err(problem)),
                }
            }
        }
    }
}

/// Whether robots.txt allows a URL. `None`: finding out takes too long.
async fn is_allowed(rules: Arc<Rules>, url: &Url) -> Option<bool> {
    let path = &url[Position::BeforePath..Position::AfterQuery];
    if !rules.are_many() {
        return rules.allows(path);
    }
    let path = path.to_owned();
    task::spawn_blocking(move || rules.allows(&path)).await.ok()?
}

async fn read_robots(session: &Session, request: &Request) -> Result<Rules, FetchError> {
    let Response { head, content } = follow(session, request, Purpose::Robots).await?;
    let limit = robots::MAX_BYTES as u64;
    let mut memory = session.large_pages.page(Turn::default(), limit);
    let wire = content.read(&head.url, limit, Oversize::Truncate, &session.stats, &mut memory).await?;
    session.record(request, &head, &wire, wire.len() as u64 > limit).await?;
    let file = decode_body(wire, &head, limit, Oversize::Truncate).await?;
    // A panic would be a bug; without rules, nothing may be fetched.
    let parsed = task::spawn_blocking(move || Rules::parse(&file)).await;
    parsed.map_err(|_| FetchError::RobotsTooComplex { url: redact_url(&head.url) })
}
