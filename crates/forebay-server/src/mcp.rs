//! `/mcp`: the tools for AI programs, over the streamable HTTP transport of the Model Context Protocol.
//!
//! There are no sessions: each request is served with the role of its caller, and nothing is kept between requests, so
//! any server behind a load balancer can answer the next one.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::any,
};
use forebay_domain::access::Permission;
use forebay_mcp::{Access, Server};
use forebay_views::failure::Failure;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use tokio::time::timeout;

use crate::{app::App, gate, layers::MOST_TIME, problem::Problem};

/// The path.
pub(crate) const PATH: &str = "/mcp";
/// The maximum length of a message in bytes, far more than the arguments of any tool need.
const MOST_BODY: usize = 1 << 20;

pub(crate) fn router() -> Router<App> {
    Router::new().route(PATH, any(serve))
}

async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = match gate::admit(&app, &parts, Permission::Read).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let body = match whole(body).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let from = caller.from.map(|address| address.to_string());
    let access = Access::remote(Arc::clone(app.tools()), caller.principal, from, app.allows_scrapes());
    let server = Server::new(access);
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_max_request_body_bytes(MOST_BODY)
        // Both are checked for every request; see `layers::origin`.
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    service.handle(Request::from_parts(parts, body)).await.map(Body::new)
}

/// The body, once all of it has arrived. Errors: `body_too_large`, `request_timeout`.
async fn whole(body: Body) -> Result<Body, Problem> {
    match timeout(MOST_TIME, axum::body::to_bytes(body, MOST_BODY)).await {
        Ok(Ok(bytes)) => Ok(Body::from(bytes)),
        Ok(Err(_)) => {
            let message = format!("the body is longer than {MOST_BODY} bytes, or was cut off");
            Err(Problem::with_status(
                StatusCode::PAYLOAD_TOO_LARGE,
                Failure::usage("body_too_large", message),
            ))
        }
        Err(_) => {
            let message = format!("the body took longer than {} s", MOST_TIME.as_secs());
            Err(Problem::with_status(StatusCode::GATEWAY_TIMEOUT, Failure::new("request_timeout", message)))
        }
    }
}
