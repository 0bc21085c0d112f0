//! Until when a server vouches for what it sent (RFC 9111), as far as it says so itself.
//!
//! The rules are those of a private cache. Nothing is guessed from `Last-Modified`: a page about which a server says
//! nothing is asked for again, which costs a 304. What has to be kept of an answer is one time and two validators.

use std::time::{Duration, SystemTime};

use http_cache_semantics::{CacheOptions, CachePolicy};
use jiff::Timestamp;
use reqwest::header::{CACHE_CONTROL, EXPIRES, HeaderMap};
use url::Url;

/// No page is taken for fresh for longer, whatever its server says.
const MAX_FRESH: Duration = Duration::from_hours(24 * 30);

/// Until when an answer that came now is fresh; `None` if its server does not say, or says that it is not.
pub(super) fn fresh_until(
    url: &Url,
    sent: impl FnOnce() -> HeaderMap,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Timestamp> {
    // Most answers say nothing, and building a policy copies all headers.
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
    *request.uri_mut() = url.as_str().parse().ok()?;
    *request.headers_mut() = sent();
    // A 304 speaks for the page that it stands for.
    let mut response = http::Response::new(());
    response.headers_mut().clone_from(headers);
    let now = SystemTime::from(now);
    let policy = CachePolicy::new_options(&request, &response, now, options);
    if !policy.is_storable() {
        return None;
    }
    let time = policy.time_to_live(now).min(MAX_FRESH);
    (!time.is_zero()).then(|| Timestamp::try_from(now + time).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh_for(headers: &[(&'static str, &str)]) -> Option<i64> {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut answer = HeaderMap::new();
        for (name, value) in headers {
            answer.append(*name, value.parse().unwrap());
        }
        let url = Url::parse("https://a.example/x").unwrap();
        let until = fresh_until(&url, HeaderMap::new, &answer, now);
        until.map(|until| until.as_second() - now.as_second())
    }

    #[test]
    fn what_a_server_says_counts() {
        const DATE: (&str, &str) = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(fresh_for(&[("cache-control", "max-age=600")]), Some(600));
        assert_eq!(fresh_for(&[("cache-control", "private, max-age=600")]), Some(600));
        assert_eq!(fresh_for(&[("cache-control", "max-age=600"), ("age", "100")]), Some(500));
        assert_eq!(fresh_for(&[DATE, ("expires", "Thu, 01 Jan 2026 00:10:00 GMT")]), Some(600));
        assert_eq!(fresh_for(&[("cache-control", "max-age=99999999999")]), Some(30 * 24 * 3600));
    }

    #[test]
    fn silence_and_refusal_are_not_fresh() {
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
