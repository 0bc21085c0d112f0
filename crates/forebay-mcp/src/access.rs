//! What tools and resources use: the database, the gate in front of the sources, and what the client may do.

use std::sync::Arc;

use forebay_domain::access::{Permission, Principal, Role, Skin};
use forebay_engine::{
    ensure::Gate,
    scrape::{Scraper, Sources},
    work::Declarations,
};
use forebay_store::{actions::Actor, connect::Database};
use forebay_views::{
    failure::Failure,
    names,
    rights::{self, Subject},
};

/// What all clients use.
#[derive(Debug)]
pub struct Shared {
    /// The database, and the sources of the configuration.
    pub scraper: Scraper,
    /// In front of the sources.
    pub gate: Gate,
    /// The pipelines of the configuration.
    pub declarations: Declarations,
}

/// The access of one client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Access {
    shared: Arc<Shared>,
    principal: Principal,
    /// The user or address that the client acts from.
    from: Option<String>,
    /// Whether the client names itself.
    is_local: bool,
    /// What the client needs before it may scrape; `None`: it may.
    scrape_needs: Option<&'static str>,
}

impl Access {
    /// The access of the program that started this process.
    pub fn local(shared: Arc<Shared>, allow_scrape: bool) -> Self {
        let user = Actor::this_user(Skin::Mcp);
        let from = user.from.map(|host| format!("{}@{host}", user.name));
        // It may no more than scrape, as an operator.
        let principal = Principal { name: "mcp".to_owned(), role: Role::Operator, sources: None };
        let scrape_needs = (!allow_scrape).then_some("start the server with `forebay mcp --allow-scrape`");
        Self { shared, principal, from, is_local: true, scrape_needs }
    }

    /// The access of somebody who was recognised, at this address.
    pub fn remote(
        shared: Arc<Shared>,
        principal: Principal,
        from: Option<String>,
        allow_scrape: bool,
    ) -> Self {
        let scrape_needs = if !allow_scrape {
            Some("start the server with `forebay serve --allow-scrape`")
        } else if !principal.may(Permission::Scrape, None) {
            Some("use a token of the role operator")
        } else {
            None
        };
        Self { shared, principal, from, is_local: false, scrape_needs }
    }

    /// The same access for a client that gives itself this name.
    pub(crate) fn of(&self, client: &str) -> Self {
        let mut access = self.clone();
        if self.is_local {
            client.clone_into(&mut access.principal.name);
        }
        access
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> Actor {
        Actor::of(&self.principal, Skin::Mcp, self.from.clone())
    }

    /// Checks that the client may read what a request is about. Error: `permission_missing`.
    pub(crate) async fn check(&self, subject: Subject<'_>) -> Result<(), Failure> {
        rights::check_subject(self.database(), &self.principal, Permission::Read, subject).await
    }

    /// Whether the client may read a source.
    pub(crate) fn may_read(&self, source: &str) -> bool {
        self.principal.may(Permission::Read, Some(source))
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.shared.scraper.database
    }

    /// The gate in front of the sources.
    pub(crate) fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// The sources that can be scraped.
    pub(crate) fn sources(&self) -> &Sources {
        &self.shared.scraper.sources
    }

    /// Checks that an entity type is stored or configured. Error: `no_such_entity`.
    pub(crate) async fn check_entity(&self, name: &str) -> Result<(), Failure> {
        names::entity(&self.database().client().await?, name, self.sources()).await
    }

    /// The pipelines of the configuration.
    pub(crate) fn declarations(&self) -> &Declarations {
        &self.shared.declarations
    }

    /// Whether the client may scrape.
    pub(crate) fn may_scrape(&self) -> bool {
        self.scrape_needs.is_none()
    }

    /// What a person has to do before the client may scrape; `None`: it may.
    pub(crate) fn scrape_needs(&self) -> Option<&'static str> {
        self.scrape_needs
    }

    /// The failure as the client may see it.
    pub(crate) fn shown(&self, failure: Failure) -> Failure {
        rights::shown(&self.principal, failure)
    }
}
