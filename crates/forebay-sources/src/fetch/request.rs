//! Requests to the fetcher, and their results.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{away::AllowedHost, body::Body, large_pages::Turn};
use crate::page::Page;

/// Maximum length of a validator; longer ones are ignored, so the page is fetched in full each time.
const MAX_VALIDATOR: usize = 512;

/// A page to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its URL: `http` or `https`, without user and password.
    pub url: Url,
    /// The validators of an earlier response, so that the server can answer 304 for an unchanged page. Default: none.
    pub validators: Option<Validators>,
    /// The header `Accept`. Default: `*/*`.
    pub accept: Option<&'static str>,
    /// Hosts besides the URL's own to which redirects may lead. `None`: any, for a URL that a person or a program gave.
    pub redirects: Option<Arc<[AllowedHost]>>,
    /// When the page may be large. Default: at once.
    pub turn: Turn,
}

impl Request {
    /// A request without validators.
    pub fn new(url: Url) -> Self {
        Self { url, validators: None, accept: None, redirects: None, turn: Turn::default() }
    }

    pub(super) fn has_validators(&self) -> bool {
        self.validators.as_ref().is_some_and(|known| !known.is_empty())
    }

    /// The same request, redirected only within the URL's site and to these hosts.
    #[must_use]
    pub fn within(mut self, allowed: &[AllowedHost]) -> Self {
        self.redirects = Some(allowed.into());
        self
    }

    /// The same request for a page that may be large only when it is its turn.
    #[must_use]
    pub fn in_turn(mut self, turn: Turn) -> Self {
        self.turn = turn;
        self
    }

    /// The same request with the validators of an earlier response.
    #[must_use]
    pub fn validated(mut self, validators: Option<Validators>) -> Self {
        self.validators = validators;
        self
    }
}

/// The validators of a response, by which a server recognises that a page has changed (RFC 9110, 8.8). Both are stored
/// as received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The header `ETag`, with its quotes and `W/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The header `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there is no validator.
    pub const fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    pub(super) fn of(headers: &reqwest::header::HeaderMap) -> Self {
        let text = |name| {
            let value = headers.get(name)?.to_str().ok()?.trim();
            (!value.is_empty() && value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
        };
        Self { etag: text(reqwest::header::ETAG), last_modified: text(reqwest::header::LAST_MODIFIED) }
    }
}

/// The result of fetching a page.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The page.
    Page {
        /// The page.
        page: Page,
        /// The validators for the next request; may be empty.
        validators: Validators,
        /// Until when it is fresh (RFC 9111), if the server says so: until then no request is needed.
        fresh_until: Option<Timestamp>,
    },
    /// The page has not changed since the validators were sent (304).
    NotModified {
        /// The validators for the next request.
        validators: Validators,
        /// Until when it is fresh, if the server says so.
        fresh_until: Option<Timestamp>,
    },
}

/// The result of starting a download.
#[derive(Debug)]
pub enum Download {
    /// The file.
    File {
        /// Its URL, after redirects.
        url: Url,
        /// The header `Content-Type`.
        content_type: Option<String>,
        /// The content, decompressed. Reading blocks.
        body: Body,
        /// The validators for the next request. Store them only after reading the body to its end.
        validators: Validators,
        /// Until when it is fresh, if the server says so.
        fresh_until: Option<Timestamp>,
        /// When the response started.
        fetched_at: Timestamp,
    },
    /// The file has not changed since the validators were sent (304).
    NotModified {
        /// The validators for the next request.
        validators: Validators,
        /// Until when it is fresh, if the server says so.
        fresh_until: Option<Timestamp>,
    },
}
