//! Caches the robots.txt of each origin.
//!
//! The first request for an origin fetches it while the others wait. Rules are kept for a day, a failure for a minute.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

use super::{away::AllowedHost, error::FetchError, robots::Rules};
use crate::clock::Clock;

/// How long a robots.txt is used (RFC 9309, 2.4).
const TTL: SignedDuration = SignedDuration::from_hours(24);

/// How long robots.txt is not requested again after a failure.
const TTL_UNREACHABLE: SignedDuration = SignedDuration::from_mins(1);

/// When there are more origins than this, expired ones are removed.
const MAX_ORIGINS: usize = 4096;

/// An origin, and where its robots.txt may be redirected: one source may follow a redirect that another may not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) origin: String,
    pub(super) redirects: Option<Arc<[AllowedHost]>>,
}

/// The rules of an origin, or why they could not be read.
pub(super) type Known = Result<Arc<Rules>, String>;

/// The result for an origin, and when it expires.
type Cell = Arc<OnceCell<(Known, Timestamp)>>;

/// The robots.txt files that a process has read.
#[derive(Debug)]
pub(super) struct RobotsCache {
    clock: Clock,
    by_origin: Mutex<HashMap<Key, Cell>>,
}

impl RobotsCache {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, by_origin: Mutex::default() }
    }

    /// The rules of an origin; calls `fetch` if they are unknown or expired. An error of `fetch` is not cached.
    pub(super) async fn get(
        &self,
        key: Key,
        fetch: impl AsyncFnOnce() -> Result<Known, FetchError>,
    ) -> Result<Known, FetchError> {
        let cell = self.cell(key);
        let load = async || {
            let known = fetch().await?;
            let ttl = if known.is_ok() { TTL } else { TTL_UNREACHABLE };
            let expires = self.clock.now().checked_add(ttl).unwrap_or(Timestamp::MAX);
            Ok((known, expires))
        };
        cell.get_or_try_init(load).await.map(|(known, _)| known.clone())
    }

    fn cell(&self, key: Key) -> Cell {
        let now = self.clock.now();
        let is_expired = |cell: &Cell| cell.get().is_some_and(|(_, expires)| *expires <= now);
        let mut cells = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cells.get(&key).filter(|cell| !is_expired(cell)) {
            return Arc::clone(cell);
        }
        if cells.len() >= MAX_ORIGINS {
            cells.retain(|_, cell| !is_expired(cell));
        }
        if cells.len() >= MAX_ORIGINS {
            cells.clear();
        }
        let cell = Cell::default();
        cells.insert(key, Arc::clone(&cell));
        cell
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn rules_expire_after_a_day_and_failures_after_a_minute() {
        let seconds = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&seconds);
        let clock = Clock::new(move || Timestamp::from_second(read.load(Ordering::Relaxed)).unwrap());
        for (known, ttl) in [(Ok(Arc::new(Rules::allow_all())), 86_400), (Err("status 500".to_owned()), 60)] {
            seconds.store(0, Ordering::Relaxed);
            let cache = RobotsCache::new(clock.clone());
            let mut num_fetched = 0;
            for (at, expected) in [(0, 1), (ttl - 1, 1), (ttl, 2), (ttl + 1, 2)] {
                seconds.store(at, Ordering::Relaxed);
                let fetch = async || {
                    num_fetched += 1;
                    Ok(known.clone())
                };
                let key = Key { origin: "https://a.example".to_owned(), redirects: None };
                cache.get(key, fetch).await.unwrap().ok();
                assert_eq!(num_fetched, expected, "after {at} s");
            }
        }
    }
}
