//! Who calls, and from where.

use std::net::IpAddr;

use axum::http::request::Parts;
use forebay_domain::access::{Principal, Role, Skin};
use forebay_store::actions::Actor;

/// The address at the other end of a connection: an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    principal: Principal,
    /// The address that the connection comes from; `None`: there is no connection.
    from: Option<IpAddr>,
}

impl Caller {
    /// The user who runs the server, from the address of this request.
    pub(crate) fn of(parts: &Parts) -> Self {
        let Actor { name, .. } = Actor::this_user(Skin::Http);
        let from = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
        Self { principal: Principal { name, role: Role::Admin, sources: None }, from }
    }

    /// The caller as an entry of the audit trail names them.
    pub(crate) fn actor(&self) -> Actor {
        Actor::of(&self.principal, Skin::Http, self.from.map(|address| address.to_string()))
    }
}
