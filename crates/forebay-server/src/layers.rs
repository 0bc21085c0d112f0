//! What every request passes through: its id, the address of its client, a check of where it comes from, a limit on
//! its time, the headers of its response, compression.

pub(crate) mod etag;
mod forwarded;
pub(crate) mod origin;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use forebay_engine::{clock, telemetry::context};
use forebay_views::failure::Failure;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use tracing::Instrument as _;

use self::origin::PublicHost;
use crate::{network::Network, problem::Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The maximum length of a client's own request id.
const LONGEST_ID: usize = 64;
/// How long a request may take before its response begins.
pub(crate) const MOST_TIME: Duration = Duration::from_mins(1);
/// The headers of every response: nothing is sniffed, framed or told to other sites.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: with it, browsers send forms without the origin that they come from.
    (header::REFERRER_POLICY, "same-origin"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// Adds the layers to a router. For the paths in `unlimited`, the limit is on the time in which their body
/// arrives.
pub(crate) fn add_to(
    router: Router,
    public: PublicHost,
    proxies: Arc<[Network]>,
    unlimited: &'static [&'static str],
) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_| panicked()))
        .layer(middleware::from_fn(refuse_nul))
        .layer(middleware::from_fn_with_state(unlimited, limit_time))
        .layer(middleware::from_fn_with_state(public, origin::check))
        .layer(middleware::from_fn_with_state(proxies, forwarded::resolve))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(describe))
}

fn panicked() -> Response {
    let failure = Failure::new("internal_error", "the request met a fault of the server")
        .hint("its log has the details, with the request id of this response");
    Problem::from(failure).into_response()
}

/// No text of Postgres can contain it, so nothing that it could name is stored.
async fn refuse_nul(request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|text| text.as_str().contains("%00")) {
        let failure = Failure::usage("nul_character", "a parameter contains a NUL character");
        return Problem::with_status(StatusCode::BAD_REQUEST, failure).into_response();
    }
    next.run(request).await
}

async fn limit_time(
    State(unlimited): State<&'static [&'static str]>,
    request: Request,
    next: Next,
) -> Response {
    if unlimited.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    tokio::time::timeout(MOST_TIME, next.run(request)).await.unwrap_or_else(|_| {
        let message = format!("the request took longer than {} s", MOST_TIME.as_secs());
        Problem::with_status(StatusCode::GATEWAY_TIMEOUT, Failure::new("request_timeout", message))
            .into_response()
    })
}

/// Gives the request an id, logs it, and completes the headers of the response.
async fn describe(request: Request, next: Next) -> Response {
    let request_id = given_id(&request).unwrap_or_else(new_id);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = Instant::now();
    let span = tracing::error_span!("request", request_id = request_id.to_str().unwrap_or_default());
    if let Some(caller) = request.headers().get(context::TRACEPARENT).and_then(|value| value.to_str().ok()) {
        context::resume(&span, caller);
    }
    let mut response = next.run(request).instrument(span).await;
    let status = response.status().as_u16();
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%method, path, status, ms, request_id = request_id.to_str().unwrap_or_default(), "request");
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The client's own id of the request, if it is one.
fn given_id(request: &Request) -> Option<HeaderValue> {
    let id = request.headers().get(REQUEST_ID)?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let bytes = id.as_bytes();
    (!bytes.is_empty() && bytes.len() <= LONGEST_ID && bytes.iter().all(is_plain)).then(|| id.clone())
}

fn new_id() -> HeaderValue {
    let id = format!("{:016x}", clock::random_seed());
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
}
