//! The polite fetcher: fetches pages over HTTP within the rate limits of each host and its robots.txt, from public
//! addresses only.
//!
//! [`Network`] is shared by a process; a [`Fetcher`] belongs to one run of a source. `redirects` checks a request, asks
//! robots.txt and follows redirects. `send` waits for the host's permit and sends one request. The body of its
//! `response` is read whole or downloaded piece by piece, and decompressed in `decode`. `retry` decides about retries.
//! `pace`, `robots` and `address` are pure; their tests state their rules as tables and properties.
//!
//! When changing this:
//! - Check the address, and the path against robots.txt, before each connection, again for every redirect.
//! - Follow a redirect to another origin only if the source allows it, and ask that origin nothing before (`away`).
//! - Bound everything that a server sends: body, decompressed body, headers, validators, robots.txt.
//! - Send secrets to the source's own origins only. Keep them out of errors, events and archives.
//! - Bound the memory of all pages in flight together (`large_pages`).
//! - A fetcher that replays an archive makes no connection.

mod address;
mod away;
mod body;
mod bounds;
mod client;
mod decode;
mod download;
mod error;
mod failure;
mod fetcher;
mod freshness;
mod head;
mod hosts;
mod identity;
mod large_pages;
mod pace;
mod random;
mod redact;
mod redirects;
mod request;
mod response;
mod retry;
mod robots;
mod robots_cache;
mod send;
mod session;
mod settings;
mod stats;
mod warc;

pub use address::{AllowPrivate, is_public};
pub use away::AllowedHost;
pub use body::Body;
pub use bounds::Bounds;
pub use error::FetchError;
pub use fetcher::{Fetcher, Network};
pub use identity::check_secrets;
pub use large_pages::{LARGE_PAGES, SMALL_PAGE, Turn};
pub use random::Random;
pub use redact::redact_url;
pub use request::{Download, Fetched, Request, Validators};
pub use settings::{
    Concurrency, Contact, Encoding, FetchSettings, Header, HeaderFromEnv, HeaderFromFile, HeaderName,
    HeaderText, Robots,
};
pub use stats::{FetchCounts, FetchStats, HostCounts};

#[cfg(test)]
pub(crate) mod tests;
