//! The service of a server: the API, the dashboard, the tools, and what every request passes through.

use std::sync::Arc;

use axum::{Router, http::StatusCode, middleware, response::IntoResponse};
use forebay_views::failure::Failure;

use crate::{
    api::{self, persist::Persist},
    app::App,
    health, layers, mcp, metrics, openapi, pages,
    problem::Problem,
    raw::Raw,
    routes::{Route, Routes},
};

/// Every endpoint of the API.
pub fn routes() -> Vec<Route> {
    api::add_to(Routes::new()).list
}

/// The service of a server.
pub fn router(app: App) -> Router {
    let (public, proxies) = (app.public_host(), app.access().proxies());
    let requests = Arc::clone(app.requests());
    let api = api::add_to(Routes::new());
    let document = api.document.finish();
    let router = api
        .router
        .merge(openapi::router(&document))
        .merge(pages::try_it::router(&document))
        .merge(health::router())
        .merge(metrics::router())
        .merge(mcp::router())
        .merge(pages::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app);
    layers::add_to(router, public, proxies, &[Persist::PATH, mcp::PATH])
        .layer(middleware::from_fn_with_state(requests, metrics::requests::measure))
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
