//! What tools and resources use: the database, the gate in front of the sources, and the permission to scrape.

use std::sync::Arc;

use forebay_domain::access::{Principal, Role, Skin};
use forebay_engine::{
    ensure::Gate,
    scrape::{Scraper, Sources},
    work::Declarations,
};
use forebay_store::{actions::Actor, connect::Database};

use crate::{failure::Failure, names};

/// Access to stored data. Cheap to clone.
#[derive(Clone)]
pub(super) struct Access {
    shared: Arc<Shared>,
    /// The name that the client gave itself.
    client: Option<String>,
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
        Self { shared: Arc::new(Shared { scraper, gate, may_scrape, declarations }), client: None }
    }

    /// The same access for a client of this name.
    pub(super) fn of(&self, client: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), client: Some(client.to_owned()) }
    }

    /// Who acts: the client, from this user of this host. It may no more than scrape, as an operator.
    pub(super) fn actor(&self) -> Actor {
        let user = Actor::this_user(Skin::Mcp);
        let from = user.from.map(|host| format!("{}@{host}", user.name));
        let name = self.client.clone().unwrap_or_else(|| "mcp".to_owned());
        Actor::of(&Principal { name, role: Role::Operator, sources: None }, Skin::Mcp, from)
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
