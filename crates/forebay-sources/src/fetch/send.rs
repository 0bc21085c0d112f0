//! Sends one request to one URL: waits for the host's permit, sends, and classifies responses that are not pages.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use reqwest::Method;
use tokio::time;
use tracing::debug;
use url::Url;

use super::{
    error::FetchError,
    failure::{feedback_of, request_failed},
    head::Head,
    pace::{Feedback, Limits},
    redact::redact_url,
    request::Request,
    response::{Content, Response},
    session::{Origin, Session},
    warc::WarcReader,
};

/// The purpose of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A page that is read whole.
    Page,
    /// A file that is read as it arrives.
    File,
    /// A robots.txt, which is exempt from robots.txt.
    Robots,
}

/// Sends a request over the network. The caller has checked the URL.
pub(super) async fn send(
    session: &Session,
    url: &Url,
    request: &Request,
    limits: Limits,
) -> Result<Response, FetchError> {
    let Origin::Network { shared, client } = &session.origin else {
        return Err(FetchError::NotInWarc { url: redact_url(url) });
    };
    let settings = &session.settings;
    let host = url.host_str().unwrap_or_default();
    let permit = shared.hosts.acquire(host, limits, settings.max_retry_after.get()).await;
    let permit = permit
        .map_err(|paused| FetchError::Throttled { url: redact_url(url), retry_after: Some(paused.0) })?;

    let mut http_request = reqwest::Request::new(Method::GET, url.clone());
    *http_request.headers_mut() = session.identity.headers(url, request);
    let timeout = settings.timeout.get();
    session.stats.sent(host);
    let sent = Instant::now();
    let deadline = time::Instant::now() + timeout;
    let result = time::timeout_at(deadline, client.execute(http_request)).await;
    let result = result.map_err(|_| FetchError::Timeout { url: redact_url(url) });
    match result.and_then(|result| result.map_err(|error| request_failed(url, error))) {
        Ok(mut response) => {
            let status = response.status().as_u16();
            debug!(url = redact_url(url), status, duration_ms = millis(sent), "received a response");
            let headers = std::mem::take(response.headers_mut());
            let head = Head { url: url.clone(), status, headers, at: session.clock.now() };
            Ok(Response { head, content: Content::Network { response, permit, deadline } })
        }
        Err(error) => {
            debug!(url = redact_url(url), code = error.code(), duration_ms = millis(sent), "request failed");
            permit.end(feedback_of(&error));
            Err(error)
        }
    }
}

/// Reads the response to a request from an archive.
pub(super) async fn replay(
    archive: Arc<WarcReader>,
    url: &Url,
    request: &Request,
) -> Result<Response, FetchError> {
    let has_validators = request.has_validators();
    let wanted = url.clone();
    let found = tokio::task::spawn_blocking(move || archive.find(wanted.as_str(), has_validators)).await;
    let missing = || FetchError::NotInWarc { url: redact_url(url) };
    let recorded = found.map_err(|_| missing())??.ok_or_else(missing)?;
    let head = Head { url: url.clone(), status: recorded.status, headers: recorded.headers, at: recorded.at };
    Ok(Response { head, content: Content::Archive(recorded.body) })
}

/// Ends a response that is neither a page nor a redirect, and returns its error.
pub(super) async fn status_error(
    session: &Session,
    response: Response,
    request: &Request,
) -> Result<FetchError, FetchError> {
    let (url, status) = (redact_url(&response.head.url), response.head.status);
    let retry_after = response.head.retry_after();
    let is_throttled = status == 429 || (status == 503 && retry_after.is_some());
    let feedback = match status {
        429 | 503 => Feedback::Overloaded(retry_after),
        500.. => Feedback::Neutral,
        _ => Feedback::Good,
    };
    discard(session, response, request, feedback).await?;
    Ok(if is_throttled {
        FetchError::Throttled { url, retry_after }
    } else {
        FetchError::HttpStatus { url, status }
    })
}

/// Ends a response whose body is not wanted, and archives it.
pub(super) async fn discard(
    session: &Session,
    response: Response,
    request: &Request,
    feedback: Feedback,
) -> Result<Head, FetchError> {
    let Response { head, content } = response;
    let drained =
        tokio::time::timeout(session.settings.timeout.get(), content.drain(feedback, &session.stats));
    let (body, is_cut) = drained.await.unwrap_or((Bytes::new(), true));
    session.record(request, &head, &body, is_cut).await?;
    Ok(head)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
