//! The list of all endpoints, from which the router and the description of the API are made.

use axum::{
    Router,
    http::{Method, StatusCode},
    response::IntoResponse,
    routing::{MethodFilter, on},
};
use forebay_views::failure::Failure;

use crate::{
    api,
    app::App,
    endpoint::{Endpoint, Needs, handle},
    health, layers,
    openapi::{self, Document},
    pages,
    problem::Problem,
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
    pub needs: Needs,
}

/// A collection of endpoints.
pub(crate) struct Routes {
    router: Router<App>,
    document: Document,
    list: Vec<Route>,
}

impl Routes {
    fn new() -> Self {
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

/// Every endpoint of the API.
pub fn routes() -> Vec<Route> {
    api::add_to(Routes::new()).list
}

/// The service of a server.
pub fn router(app: App) -> Router {
    let public = app.public_host();
    let api = api::add_to(Routes::new());
    let document = api.document.finish();
    let router = api
        .router
        .merge(openapi::router(&document))
        .merge(health::router())
        .merge(pages::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app);
    layers::add_to(router, public)
}

async fn not_found() -> impl IntoResponse {
    let failure = Failure::usage("no_such_path", "there is nothing at this path")
        .hint("GET /v1/openapi.json lists the paths of the API");
    Problem::from(failure)
}

async fn method_not_allowed() -> impl IntoResponse {
    let failure = Failure::usage("method_not_allowed", "this path doesn't have that method");
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, failure)
}
