//! State that all scrapes of a process share.

use std::sync::Arc;

use forebay_sources::fetch::Network;
use forebay_store::connect::Database;
use tokio_util::task::TaskTracker;

use super::definition::{SourceDefinition, Sources};
use crate::error::{Error, Result};

/// State that all scrapes of a process share. Create one per process.
#[derive(Clone, Debug)]
pub struct Scraper {
    /// Where records are persisted.
    pub database: Arc<Database>,
    /// Connections, and the rate limits of each host.
    pub network: Network,
    /// The sources that can be scraped.
    pub sources: Arc<Sources>,
    /// Tasks that may outlive the scrape that started them, and hold the database.
    pub(crate) tasks: TaskTracker,
}

impl Scraper {
    /// A scraper of these sources.
    pub fn new(database: Arc<Database>, network: Network, sources: Arc<Sources>) -> Self {
        Self { database, network, sources, tasks: TaskTracker::new() }
    }

    /// The definition of a source. Error: `source_not_scraped`.
    pub fn source(&self, name: &str) -> Result<&SourceDefinition> {
        self.sources.get(name).ok_or_else(|| Error::NotScraped { source_name: name.to_owned() })
    }

    /// Waits for the tasks that outlive their scrape: a crawl after its run has failed, the last log lines of a run.
    /// After that, no task holds the database.
    pub async fn wait(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
