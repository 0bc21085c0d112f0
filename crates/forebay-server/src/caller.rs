//! Who calls, and from where.

use std::{net::IpAddr, sync::Arc};

use axum::http::request::Parts;
use forebay_domain::access::{Permission, Principal, Role, Skin};
use forebay_engine::tokens::{self, TokenHash};
use forebay_store::actions::Actor;
use forebay_views::{failure::Failure, rights};

/// The two ends of a connection: an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The address that it comes from.
    pub(crate) from: IpAddr,
    /// The address of this machine that it leads to.
    pub(crate) to: IpAddr,
}

/// The address that a request comes from; `None`: there is no connection.
pub(crate) fn address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Peer>().map(|peer| peer.from)
}

/// What was presented to be recognised.
#[derive(Clone)]
pub(crate) enum Credential {
    /// A token of `forebay tokens`, of which only the hash is kept.
    Token(TokenHash),
    /// A JWT.
    Jwt(Arc<str>),
}

impl Credential {
    /// What this text is; `None`: neither.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.starts_with(tokens::PREFIX) {
            return tokens::hash_of(text).map(Self::Token);
        }
        (text.matches('.').count() == 2).then(|| Self::Jwt(text.into()))
    }

    /// Its SHA-256.
    pub(crate) fn hash(&self) -> TokenHash {
        match self {
            Self::Token(hash) => *hash,
            Self::Jwt(text) => tokens::sha256(text),
        }
    }
}

/// How a caller was recognised.
#[derive(Clone)]
pub(crate) enum Means {
    /// Not at all: everyone who can connect is the user who runs the server.
    Open,
    /// By what the request presents.
    Presented(Credential),
    /// By a session of the dashboard, which began with a credential.
    Session(TokenHash, Credential),
}

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// The address that the connection comes from; `None`: there is no connection.
    pub(crate) from: Option<IpAddr>,
    pub(crate) means: Means,
}

impl Caller {
    /// The user who runs the server.
    pub(crate) fn open(from: Option<IpAddr>) -> Self {
        let Actor { name, .. } = Actor::this_user(Skin::Http);
        Self { principal: Principal { name, role: Role::Admin, sources: None }, from, means: Means::Open }
    }

    /// Their name.
    pub(crate) fn name(&self) -> &str {
        &self.principal.name
    }

    /// The caller as an entry of the audit trail names them.
    pub(crate) fn actor(&self) -> Actor {
        Actor::of(&self.principal, Skin::Http, self.from.map(|address| address.to_string()))
    }

    /// The failure as they may see it.
    pub(crate) fn shown(&self, failure: Failure) -> Failure {
        rights::shown(&self.principal, failure)
    }

    /// Whether everyone who can connect is this caller.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.means, Means::Open)
    }

    /// Whether they may do something with all sources.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.principal.may(permission, None)
    }
}
