//! What every request can use.

use std::sync::Arc;

use forebay_engine::{ensure::Gate, freshness::Policies, scrape::Scraper, work::Declarations};
use forebay_store::connect::{Client, Database};
use forebay_views::failure::Failure;
use tokio_util::sync::CancellationToken;

/// What a server is made of.
#[derive(Debug)]
pub struct Settings {
    /// The database and the sources of the configuration.
    pub scraper: Scraper,
    /// The gate in front of the sources.
    pub gate: Gate,
    /// The maximum age of data, by entity type.
    pub policies: Policies,
    /// The pipelines of the configuration.
    pub declarations: Declarations,
    /// Whether requests may scrape sources.
    pub may_scrape: bool,
}

/// The state of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    stopping: CancellationToken,
}

impl App {
    /// The state of a server with these settings. When `stopping` is cancelled, streams end and readiness is refused.
    pub fn new(settings: Settings, stopping: CancellationToken) -> Self {
        Self { shared: Arc::new(Shared { settings, stopping }) }
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.shared.settings.scraper.database
    }

    /// A connection of the pool. Error: `database_unreachable`.
    pub(crate) async fn client(&self) -> Result<Client, Failure> {
        Ok(self.database().client().await?)
    }

    /// Cancelled when the server stops.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.shared.stopping
    }
}
