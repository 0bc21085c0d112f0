//! One answer to one request, from the network or from an archive, before it is known what becomes of it.

use std::io::{BufRead, Read};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LINK, RETRY_AFTER};
use url::Url;

use super::address::{NoAddress, Refused};
use super::decode::{Decoded, encoding};
use super::hosts::Permit;
use super::pace::Feedback;
use super::stats::{FetchStats, add};
use super::{FetchError, redact_url};
use crate::Error;

/// How much of a body that nobody wants is read, so that its connection can be used again.
const DRAIN: usize = 64 << 10;

/// The most headers `Link` of a page, and the longest one.
const MAX_LINKS: usize = 32;
const MAX_LINK: usize = 8 << 10;

/// Bodies beyond this are decompressed on a thread of their own.
const LONG_WORK: usize = 128 << 10;

/// An answer whose body is still to be read.
pub(super) struct Response {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) at: Timestamp,
    pub(super) content: Content,
}

/// Where the body comes from.
pub(super) enum Content {
    Network { response: reqwest::Response, permit: Permit },
    Archive(Box<dyn BufRead + Send>),
}

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// More than the limit is an error.
    Refuse,
    /// More than the limit is left out.
    Cut,
}

impl Response {
    /// The header `Content-Type`.
    pub(super) fn content_type(&self) -> Option<String> {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
    }

    /// The headers `Link`.
    pub(super) fn link_headers(&self) -> Vec<String> {
        let links = self.headers.get_all(LINK).iter().take(MAX_LINKS);
        links
            .filter_map(|link| link.to_str().ok())
            .filter(|l| l.len() <= MAX_LINK)
            .map(ToOwned::to_owned)
            .collect()
    }

    /// The time that the host asks to wait (RFC 9110, 10.2.3), in seconds or as a date.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(Duration::from_secs(u64::from(seconds)));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::from(self.at)).unwrap_or_default())
    }

    /// Reads the beginning of a body that nobody wants, ends the request, and says whether there is more.
    pub(super) async fn drain(self, feedback: Feedback, stats: &FetchStats) -> (Bytes, bool) {
        let Content::Network { mut response, permit } = self.content else { return (Bytes::new(), false) };
        let mut start = BytesMut::new();
        let is_cut = loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    add(&stats.wire_bytes, piece.len() as u64);
                    start.extend_from_slice(&piece[..piece.len().min(DRAIN - start.len())]);
                    if start.len() == DRAIN {
                        break true;
                    }
                }
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        permit.end(feedback);
        (start.freeze(), is_cut)
    }
}

/// Reads a body whole, as it came.
pub(super) async fn whole(
    content: Content,
    url: &Url,
    limit: u64,
    beyond: Beyond,
    stats: &Arc<FetchStats>,
) -> Result<Bytes, FetchError> {
    let too_large = || FetchError::BodyTooLarge { url: redact_url(url), limit };
    let (mut response, permit) = match content {
        Content::Network { response, permit } => (response, permit),
        Content::Archive(reader) => {
            let body = read_archived(reader, url.clone(), limit).await?;
            if body.len() as u64 > limit {
                return if beyond == Beyond::Cut { Ok(body) } else { Err(too_large()) };
            }
            return Ok(body);
        }
    };
    let length = response.content_length();
    if beyond == Beyond::Refuse && length.is_some_and(|length| length > limit) {
        permit.end(Feedback::Good);
        return Err(too_large());
    }
    // Most bodies come in one piece, which is then not copied.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        let piece = match response.chunk().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => {
                let error = broken_off(url, &error);
                permit.end(feedback_of(&error));
                return Err(error);
            }
        };
        add(&stats.wire_bytes, piece.len() as u64);
        let so_far = first.len() + rest.len() + piece.len();
        if first.is_empty() && rest.is_empty() {
            first = piece;
        } else {
            if rest.is_empty() {
                let missing = length.map_or(so_far as u64, |length| length.min(limit));
                rest.reserve(usize::try_from(missing.min(1 << 20)).unwrap_or(0));
                rest.extend_from_slice(&first);
                first = Bytes::new();
            }
            rest.extend_from_slice(&piece);
        }
        if so_far as u64 > limit {
            permit.end(Feedback::Good);
            return if beyond == Beyond::Cut { Ok(joined(first, rest)) } else { Err(too_large()) };
        }
    }
    permit.end(Feedback::Good);
    Ok(joined(first, rest))
}

fn joined(first: Bytes, rest: BytesMut) -> Bytes {
    if rest.is_empty() { first } else { rest.freeze() }
}

async fn read_archived(reader: Box<dyn BufRead + Send>, url: Url, limit: u64) -> Result<Bytes, FetchError> {
    let read = tokio::task::spawn_blocking(move || {
        let mut body = Vec::new();
        reader.take(limit.saturating_add(1)).read_to_end(&mut body).map(|_| body)
    });
    match read.await {
        Ok(Ok(body)) => Ok(body.into()),
        _ => Err(FetchError::BodyTruncated { url: redact_url(&url) }),
    }
}

/// Takes a whole body out of its encodings.
pub(super) async fn decoded(
    wire: Bytes,
    headers: &HeaderMap,
    url: &Url,
    limit: u64,
    beyond: Beyond,
) -> Result<Bytes, FetchError> {
    let encoding = encoding(headers, url)?;
    if encoding.is_none() {
        return Ok(wire);
    }
    let is_long = wire.len() > LONG_WORK;
    let decoder = Decoded::new(wire.reader(), encoding, limit, url.clone());
    if !is_long {
        return read_decoded(decoder, beyond, limit);
    }
    let read = tokio::task::spawn_blocking(move || read_decoded(decoder, beyond, limit)).await;
    read.unwrap_or_else(|_| Err(FetchError::BodyTruncated { url: redact_url(url) }))
}

fn read_decoded(mut decoder: Decoded, beyond: Beyond, limit: u64) -> Result<Bytes, FetchError> {
    let mut body = Vec::new();
    match decoder.read_to_end(&mut body) {
        Ok(_) => Ok(body.into()),
        // What was read before an error is there all the same.
        Err(_) if beyond == Beyond::Cut && body.len() as u64 >= limit => Ok(body.into()),
        Err(error) => Err(fetch_error(error, &decoder)),
    }
}

fn fetch_error(error: std::io::Error, decoder: &Decoded) -> FetchError {
    match error.downcast::<Error>() {
        Ok(Error::Fetch(error)) => error,
        _ => decoder.cut_off(),
    }
}

/// What a request failed of before it was answered.
pub(super) fn unanswered(url: &Url, error: reqwest::Error) -> FetchError {
    if let Some(refused) = cause::<Refused>(&error) {
        return FetchError::AddressRefused { host: refused.host.clone(), address: refused.address };
    }
    let url = redact_url(url);
    if error.is_timeout() {
        FetchError::Timeout { url }
    } else if cause::<NoAddress>(&error).is_some() {
        FetchError::HostNotFound { url }
    } else if error.is_connect() {
        FetchError::ConnectFailed { url, source: error.without_url() }
    } else {
        FetchError::HttpFailed { url, source: error.without_url() }
    }
}

/// What became of an answer whose body did not come to its end.
pub(super) fn broken_off(url: &Url, error: &reqwest::Error) -> FetchError {
    let url = redact_url(url);
    if error.is_timeout() { FetchError::Timeout { url } } else { FetchError::BodyTruncated { url } }
}

/// What a failure says about the pace.
pub(super) fn feedback_of(error: &FetchError) -> Feedback {
    match error {
        FetchError::Timeout { .. } => Feedback::Overloaded(None),
        _ => Feedback::Neutral,
    }
}

/// The error of a type among the causes of another.
fn cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
