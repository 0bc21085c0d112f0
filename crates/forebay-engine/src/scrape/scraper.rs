//! State that all scrapes of a process share.

use std::{collections::BTreeMap, sync::Arc};

use forebay_sources::fetch::Network;
use forebay_store::{connect::Database, projects::DeclaredElsewhere};
use tokio_util::task::TaskTracker;

use super::definition::{SourceDefinition, Sources};
use crate::error::{DeclarationError, Error, Result};

/// State that all scrapes of a process share. Create one per process.
#[derive(Clone, Debug)]
pub struct Scraper {
    /// Where records are persisted.
    pub database: Arc<Database>,
    /// Connections, and the rate limits of each host.
    pub network: Network,
    /// The sources that can be scraped.
    pub sources: Arc<Sources>,
    /// Sources that it must not scrape, because another project declared them differently; with that project.
    elsewhere: Arc<BTreeMap<String, String>>,
    /// Tasks that may outlive the scrape that started them, and hold the database.
    pub(crate) tasks: TaskTracker,
}

impl Scraper {
    /// A scraper of these sources.
    pub fn new(database: Arc<Database>, network: Network, sources: Arc<Sources>) -> Self {
        Self { database, network, sources, elsewhere: Arc::default(), tasks: TaskTracker::new() }
    }

    /// The same scraper without the sources that another project declared differently: with these settings, it would
    /// write other records under the same name.
    #[must_use]
    pub fn without(&self, elsewhere: &[DeclaredElsewhere]) -> Self {
        let elsewhere: BTreeMap<_, _> =
            elsewhere.iter().map(|source| (source.name.clone(), source.owner.clone())).collect();
        let mut sources = (*self.sources).clone();
        sources.retain(|name, _| !elsewhere.contains_key(name));
        Self { sources: Arc::new(sources), elsewhere: Arc::new(elsewhere), ..self.clone() }
    }

    /// Checks that no other project declared the source differently. Error: `declared_elsewhere`.
    pub(super) fn check_owned(&self, source: &SourceDefinition) -> Result<()> {
        match self.elsewhere.get(&source.name) {
            None => Ok(()),
            Some(owner) => Err(Error::Declaration(DeclarationError::Elsewhere {
                what: "source",
                name: source.name.clone(),
                owner: owner.clone(),
                project: source.project.clone().unwrap_or_default(),
            })),
        }
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
