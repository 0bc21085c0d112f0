//! A list of endpoints, from which the router and the description of the API are made.

use axum::{
    Router,
    http::Method,
    routing::{MethodFilter, on},
};
use forebay_domain::access::Permission;

use crate::{
    app::App,
    endpoint::{Endpoint, handle},
    openapi::Document,
    raw::{self, Raw},
};

/// A route, as the router knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// What its caller must be allowed to do.
    pub needs: Permission,
}

/// A collection of endpoints.
pub(crate) struct Routes {
    pub(crate) router: Router<App>,
    pub(crate) document: Document,
    pub(crate) list: Vec<Route>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), document: Document::new(), list: Vec::new() }
    }

    /// Adds an endpoint.
    #[must_use]
    pub(crate) fn add<E: Endpoint>(mut self) -> Self {
        self.list.push(Route { method: E::METHOD, path: E::PATH, needs: E::NEEDS });
        self.document.add::<E>();
        if let Ok(filter) = MethodFilter::try_from(E::METHOD) {
            self.router = self.router.route(E::PATH, on(filter, handle::<E>));
        }
        self
    }

    /// Adds an endpoint that reads or writes a stream.
    #[must_use]
    pub(crate) fn add_raw<E: Raw>(mut self) -> Self {
        self.list.push(Route { method: E::METHOD, path: E::PATH, needs: E::NEEDS });
        self.document.add_raw::<E>();
        if let Ok(filter) = MethodFilter::try_from(E::METHOD) {
            self.router = self.router.route(E::PATH, on(filter, raw::handle::<E>));
        }
        self
    }
}
