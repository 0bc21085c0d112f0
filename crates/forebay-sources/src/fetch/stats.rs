//! Counts the requests and bytes of each run.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// The maximum length of a name in the DNS (RFC 1035, section 2.3.4), as text.
const LONGEST_NAME: usize = 253;
/// How many hosts are counted one by one. Requests to further ones count in all only.
const MOST_HOSTS: usize = 100;

/// The counters of a [`crate::fetch::Fetcher`], including requests for robots.txt.
#[derive(Debug, Default)]
pub struct FetchStats {
    pub(super) wire_bytes: AtomicU64,
    pub(super) decoded_bytes: AtomicU64,
    pub(super) retries: AtomicU64,
    requests: AtomicU64,
    not_modified: AtomicU64,
    hosts: Mutex<BTreeMap<String, Host>>,
}

/// The requests to a host so far.
#[derive(Debug)]
struct Host {
    num_requests: u64,
    num_not_modified: u64,
    first: Instant,
    last: Instant,
}

/// The requests to a host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCounts {
    /// Its name.
    pub host: String,
    /// Requests sent, including redirects and retries.
    pub num_requests: u64,
    /// Responses that confirmed an unchanged page (304).
    pub num_not_modified: u64,
    /// The time between its first and its last request, in seconds.
    pub seconds: f64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchCounts {
    /// Requests sent, including redirects and retries.
    pub num_requests: u64,
    /// Bytes of bodies as sent, compressed or not, without headers.
    pub num_wire_bytes: u64,
    /// Bytes of bodies after decompression.
    pub num_decoded_bytes: u64,
    /// Responses that confirmed an unchanged page (304).
    pub num_not_modified: u64,
    /// Requests repeated after a failure.
    pub num_retries: u64,
}

impl FetchStats {
    /// Counts a request.
    pub(super) fn sent(&self, host: &str) {
        add(&self.requests, 1);
        let now = Instant::now();
        let mut hosts = self.hosts();
        if let Some(host) = hosts.get_mut(host) {
            host.num_requests += 1;
            host.last = now;
        } else if hosts.len() < MOST_HOSTS && host.len() <= LONGEST_NAME {
            hosts.insert(
                host.to_owned(),
                Host { num_requests: 1, num_not_modified: 0, first: now, last: now },
            );
        }
    }

    /// Counts a response that confirmed an unchanged page.
    pub(super) fn confirmed(&self, host: &str) {
        add(&self.not_modified, 1);
        if let Some(host) = self.hosts().get_mut(host) {
            host.num_not_modified += 1;
        }
    }

    /// The counters of each host, by name.
    pub fn by_host(&self) -> Vec<HostCounts> {
        let counts = |(name, host): (&String, &Host)| HostCounts {
            host: name.clone(),
            num_requests: host.num_requests,
            num_not_modified: host.num_not_modified,
            seconds: host.last.duration_since(host.first).as_secs_f64(),
        };
        self.hosts().iter().map(counts).collect()
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counters now.
    pub fn counts(&self) -> FetchCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FetchCounts {
            num_requests: read(&self.requests),
            num_wire_bytes: read(&self.wire_bytes),
            num_decoded_bytes: read(&self.decoded_bytes),
            num_not_modified: read(&self.not_modified),
            num_retries: read(&self.retries),
        }
    }
}

/// Adds to a counter. Relaxed, because nothing is synchronised through the counters.
pub(super) fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}
