//! What is asked of the fetcher, and what comes of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::body::Body;
use crate::Page;

/// The longest validator that is kept. Longer ones are left out: the page is then fetched whole each time.
const MAX_VALIDATOR: usize = 512;

/// A page to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it is: `http` or `https`, without user and password.
    pub url: Url,
    /// What is known of an earlier response, so that an unchanged page is not sent again. Default: nothing.
    pub validators: Option<Validators>,
    /// The header `Accept`. Default: `*/*`.
    pub accept: Option<&'static str>,
}

impl Request {
    /// A page of which nothing is known.
    pub fn new(url: Url) -> Self {
        Self { url, validators: None, accept: None }
    }

    /// The same, known by what an earlier answer said.
    #[must_use]
    pub fn validated(mut self, validators: Option<Validators>) -> Self {
        self.validators = validators;
        self
    }
}

/// By what a server tells whether a page has changed (RFC 9110, 8.8). Both parts are kept as they came.
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
    /// Whether there is nothing to tell by.
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

/// What a fetch brings.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The page.
    Page {
        /// The page.
        page: Page,
        /// By what to ask next time; may be empty.
        validators: Validators,
        /// Until when the server vouches for it (RFC 9111), if it does: until then there is no need to ask.
        fresh_until: Option<Timestamp>,
    },
    /// The page that the validators were of is still the current one (304).
    NotModified {
        /// By what to ask next time.
        validators: Validators,
        /// Until when the server vouches for it, if it does.
        fresh_until: Option<Timestamp>,
    },
}

/// A big file that is read while it comes.
#[derive(Debug)]
pub enum Download {
    /// The file.
    File {
        /// Where it comes from, after redirects.
        url: Url,
        /// The header `Content-Type` as it came.
        content_type: Option<String>,
        /// The content, decompressed. Reading blocks.
        body: Body,
        /// By what to ask next time. Keep them only after the body was read to its end.
        validators: Validators,
        /// Until when the server vouches for it, if it does.
        fresh_until: Option<Timestamp>,
        /// When the answer began.
        fetched_at: Timestamp,
    },
    /// The file that the validators were of is still the current one (304).
    NotModified {
        /// By what to ask next time.
        validators: Validators,
        /// Until when the server vouches for it, if it does.
        fresh_until: Option<Timestamp>,
    },
}
