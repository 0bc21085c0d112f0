//! Fetches from sites on loopback that misbehave, one behaviour per test.

mod archives;
mod bodies;
mod conditional;
mod download;
mod redirects;
mod retry;
mod robots;
pub(crate) mod site;

use jiff::Timestamp;
use url::Url;

use super::*;
use crate::{Clock, Page};
use site::{Reply, Site};

/// A fixed clock.
fn clock() -> Clock {
    Clock::fixed("2026-01-02T03:04:05Z".parse().unwrap())
}

/// Settings that allow loopback and don't wait, plus those of the test.
fn settings(more: &str) -> FetchSettings {
    let mut settings = serde_json::json!({
        "allow_private": ["127.0.0.1"], "robots": "ignore", "rate": "unlimited", "backoff": "1ms",
        "retries": 0, "timeout": "2m",
    });
    let more: serde_json::Value = serde_json::from_str(more).unwrap();
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(settings).unwrap()
}

pub(crate) fn fetcher(more: &str) -> Fetcher {
    Network::new(1, clock()).fetcher(&settings(more), &[]).unwrap()
}

async fn get(fetcher: &Fetcher, url: &Url) -> Result<Page, FetchError> {
    match fetcher.get(&Request::new(url.clone())).await? {
        Fetched::Page { page, .. } => Ok(page),
        Fetched::NotModified { .. } => panic!("an unconditional request for {url} returned 304"),
    }
}

/// The code of the error that a request returns, or `ok`.
async fn code(fetcher: &Fetcher, url: &Url) -> &'static str {
    get(fetcher, url).await.map_or_else(|error| error.code(), |_| "ok")
}
