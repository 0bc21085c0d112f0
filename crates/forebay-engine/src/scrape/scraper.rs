//! What all scrapes of a process share.

use std::sync::Arc;

use forebay_sources::fetch::Network;
use forebay_store::connect::Database;

use super::definition::{SourceDefinition, Sources};
use crate::error::{Error, Result};

/// What all scrapes of a process share: make one for the process.
#[derive(Clone, Debug)]
pub struct Scraper {
    /// Where records are persisted.
    pub database: Arc<Database>,
    /// Connections, and the pace of each host.
    pub network: Network,
    /// The sources that can be scraped.
    pub sources: Arc<Sources>,
}

impl Scraper {
    /// The definition of a source. Error: `source_not_scraped`.
    pub fn source(&self, name: &str) -> Result<&SourceDefinition> {
        self.sources.get(name).ok_or_else(|| Error::NotScraped { source_name: name.to_owned() })
    }
}
