//! Counts the requests and bytes of each run.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of a [`crate::fetch::Fetcher`], including requests for robots.txt.
#[derive(Debug, Default)]
pub struct FetchStats {
    pub(super) requests: AtomicU64,
    pub(super) wire_bytes: AtomicU64,
    pub(super) decoded_bytes: AtomicU64,
    pub(super) not_modified: AtomicU64,
    pub(super) retries: AtomicU64,
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
