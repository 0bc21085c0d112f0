//! The head of a response: status and headers, and what the fetcher reads from them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LINK, LOCATION, RETRY_AFTER};
use url::Url;

/// Maximum number of `Link` headers read from one response.
const MAX_LINKS: usize = 32;

/// Maximum length of a `Link` header in bytes; longer ones are ignored.
const MAX_LINK: usize = 8 << 10;

/// The head of a response.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// When the head arrived.
    pub(super) at: Timestamp,
}

impl Head {
    pub(super) fn content_type(&self) -> Option<String> {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
    }

    pub(super) fn link_headers(&self) -> Vec<String> {
        let links = self.headers.get_all(LINK).iter().take(MAX_LINKS);
        links
            .filter_map(|link| link.to_str().ok())
            .filter(|link| link.len() <= MAX_LINK)
            .map(ToOwned::to_owned)
            .collect()
    }

    /// The target of a redirect, resolved against the URL of the response.
    pub(super) fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.as_bytes();
        self.url.join(str::from_utf8(location).ok()?).ok()
    }

    /// How long the host asks to wait, in seconds or until a date (RFC 9110, 10.2.3).
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(Duration::from_secs(u64::from(seconds)));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::from(self.at)).unwrap_or_default())
    }
}
