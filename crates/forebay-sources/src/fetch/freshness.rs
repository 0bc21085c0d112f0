//! How long a response is fresh (RFC 9111), according to its server.
//!
//! The rules are those of a private cache. Freshness is never estimated from `Last-Modified`: a page without explicit
//! freshness is requested again, which costs a 304. So only a time and two validators need to be stored for a response.

use std::time::{Duration, SystemTime};

use http_cache_semantics::{CacheOptions, CachePolicy};
use jiff::Timestamp;
use reqwest::header::{CACHE_CONTROL, EXPIRES, HeaderMap};

use super::head::Head;

/// Maximum freshness of a page, even if its server allows more.
const MAX_FRESH: Duration = Duration::from_hours(24 * 30);

/// Until when a response is fresh; `None` if the server doesn't say so, or says that it isn't fresh. `sent` returns the
/// headers of the request.
pub(super) fn fresh_until(head: &Head, sent: impl FnOnce() -> HeaderMap) -> Option<Timestamp> {
    let headers = &head.headers;
    // Most responses have neither header, and creating a policy copies all headers.
    if !headers.contains_key(CACHE_CONTROL) && !headers.contains_key(EXPIRES) {
        return None;
    }
    let options = CacheOptions {
        shared: false,
        cache_heuristic: 0.0,
        immutable_min_time_to_live: Duration::ZERO,
        ignore_cargo_cult: false,
    };
    let mut request = http::Request::new(());
    *request.uri_mut() = head.url.as_str().parse().ok()?;
    *request.headers_mut() = sent();
    // The policy treats a 304 like the page that it confirms.
    let mut response = http::Response::new(());
    response.headers_mut().clone_from(headers);
    let now = SystemTime::from(head.at);
    let policy = CachePolicy::new_options(&request, &response, now, options);
    if !policy.is_storable() {
        return None;
    }
    let time = policy.time_to_live(now).min(MAX_FRESH);
    (!time.is_zero()).then(|| Timestamp::try_from(now + time).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn fresh_for(fields: &[(&'static str, &str)]) -> Option<i64> {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let url = Url::parse("https://a.example/x").unwrap();
        let head = Head { url, status: 200, headers, at: now };
        let until = fresh_until(&head, HeaderMap::new);
        until.map(|until| until.as_second() - now.as_second())
    }

    #[test]
    fn explicit_freshness_is_honoured() {
        const DATE: (&str, &str) = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(fresh_for(&[("cache-control", "max-age=600")]), Some(600));
        assert_eq!(fresh_for(&[("cache-control", "private, max-age=600")]), Some(600));
        assert_eq!(fresh_for(&[("cache-control", "max-age=600"), ("age", "100")]), Some(500));
        assert_eq!(fresh_for(&[DATE, ("expires", "Thu, 01 Jan 2026 00:10:00 GMT")]), Some(600));
        assert_eq!(fresh_for(&[("cache-control", "max-age=99999999999")]), Some(30 * 24 * 3600));
    }

    #[test]
    fn responses_without_explicit_freshness_are_not_fresh() {
        for headers in [
            &[][..],
            &[("last-modified", "Thu, 01 Jan 2015 00:00:00 GMT")],
            &[("cache-control", "public"), ("last-modified", "Thu, 01 Jan 2015 00:00:00 GMT")],
            &[("cache-control", "no-store, max-age=600")],
            &[("cache-control", "no-cache, max-age=600")],
            &[("cache-control", "max-age=0")],
            &[("cache-control", "max-age=600"), ("vary", "*")],
            &[("expires", "0")],
            &[("cache-control", "max-age=-5")],
            &[("cache-control", "max-age=lots")],
        ] {
            assert_eq!(fresh_for(headers), None, "{headers:?}");
        }
    }
}
