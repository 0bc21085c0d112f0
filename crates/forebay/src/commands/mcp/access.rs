//! What tools and resources use: the database, the gate in front of the sources, and the permission to scrape.

use std::sync::Arc;

use forebay_engine::{
    ensure::Gate,
    scrape::{Scraper, Sources},
    work::Declarations,
};
use forebay_store::connect::Database;

use crate::{failure::Failure, names};

/// Access to stored data. Cheap to clone.
#[derive(Clone)]
pub(super) struct Access {
    shared: Arc<Shared>,
}

struct Shared {
    scraper: Scraper,
    gate: Gate,
    may_scrape: bool,
    declarations: Declarations,
}

impl Access {
    /// Access to the scraper's database and, through the gate, to its sources.
    pub(super) fn new(scraper: Scraper, gate: Gate, may_scrape: bool, declarations: Declarations) -> Self {
        Self { shared: Arc::new(Shared { scraper, gate, may_scrape, declarations }) }
    }

    /// The database.
    pub(super) fn database(&self) -> &Database {
        &self.shared.scraper.database
    }

    /// The gate in front of the sources.
    pub(super) fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// The sources that can be scraped.
    pub(super) fn sources(&self) -> &Sources {
        &self.shared.scraper.sources
    }

    /// Checks that an entity type is stored or configured. Error: `no_such_entity`.
    pub(super) async fn check_entity(&self, name: &str) -> Result<(), Failure> {
        names::entity(&self.database().client().await?, name, self.sources()).await
    }

    /// The pipelines of the configuration.
    pub(super) fn declarations(&self) -> &Declarations {
        &self.shared.declarations
    }

    /// Whether sources may be scraped.
    pub(super) fn may_scrape(&self) -> bool {
        self.shared.may_scrape
    }
}
