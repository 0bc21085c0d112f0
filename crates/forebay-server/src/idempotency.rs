//! Carrying out requests that change something: to their end, and once for each idempotency key
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! A request with a key is stored with its response, which a repeated request gets again. A response of a server error
//! is not stored, so that repeating it tries again; neither is one that may differ the next time ([`Passing`]), or one
//! of a request that was not let through. If the server dies, a lease expires and the request can be repeated:
//! decisions refuse what is decided already, and a run that was cut off is closed.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use forebay_store::{
    jobs::Receipt,
    requests::{self, Answer, Begun, Keyed},
};
use forebay_views::failure::Failure;
use ring::digest::{Context, SHA256};
use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument as _;

use crate::{
    app::App,
    caller::Caller,
    problem::{Passing, Problem},
};

/// The header of a key.
pub(crate) const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The maximum length of a key.
pub(crate) const LONGEST_KEY: usize = 255;
/// How long a request counts as in progress after its server died.
const LEASE: Duration = Duration::from_mins(1);
const HEARTBEAT: Duration = Duration::from_secs(20);
/// The maximum size of a response that is stored.
const MOST_STORED: usize = 8 * 1024 * 1024;

/// The key of a request with this body; `None`: it has none. Error: `idempotency_key_invalid`.
pub(crate) fn keyed(caller: &Caller, parts: &Parts, body: &[u8]) -> Result<Option<Keyed>, Problem> {
    let mut given = parts.headers.get_all(KEY).iter();
    let Some(value) = given.next() else { return Ok(None) };
    // The draft has it in quotes; most clients leave them out.
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || key.len() > LONGEST_KEY || given.next().is_some() {
        let message = format!("Idempotency-Key must be one text of 1 to {LONGEST_KEY} ASCII characters");
        return Err(Problem::bad_request("idempotency_key_invalid", message));
    }
    let mut hash = Context::new(&SHA256);
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    for part in [parts.method.as_str(), path, query] {
        hash.update(part.as_bytes());
        hash.update(b"\0");
    }
    hash.update(body);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(hash.finish().as_ref());
    Ok(Some(Keyed { caller: caller.name().to_owned(), key: key.to_owned(), fingerprint }))
}

/// Carries out a request, even if its client goes away.
pub(crate) async fn carry_out(
    app: &App,
    keyed: Option<Keyed>,
    work: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let (app, tasks) = (app.clone(), app.tasks().clone());
    let task = async move {
        match keyed {
            None => work.await,
            Some(keyed) => once(&app, &keyed, work).await.unwrap_or_else(IntoResponse::into_response),
        }
    };
    tasks.spawn(task.in_current_span()).await.unwrap_or_else(|error| {
        let failure = Failure::new("internal_error", "the request ended abruptly").because(&error);
        Problem::from(failure).into_response()
    })
}

/// Carries out a request, or repeats its response. Errors: `idempotency_key_in_use`, `idempotency_key_reused`.
async fn once(
    app: &App,
    keyed: &Keyed,
    work: impl Future<Output = Response> + Send,
) -> Result<Response, Problem> {
    let begun = requests::begin(&**app.client().await?, keyed, LEASE).await.map_err(Failure::from)?;
    let receipt = match begun {
        Begun::Now(receipt) => receipt,
        Begun::Answered(answer) => return Ok(replayed(answer)),
        Begun::InProgress => {
            let message = "a request with this idempotency key is in progress";
            let failure = Failure::new("idempotency_key_in_use", message)
                .hint("repeat the request later: it gets the response of the first one");
            return Err(Problem::with_status(StatusCode::CONFLICT, failure));
        }
        Begun::Other => {
            let message = "this idempotency key was sent with another request";
            let failure = Failure::usage("idempotency_key_reused", message)
                .hint("use a new key, such as a random UUID, for each request");
            return Err(Problem::with_status(StatusCode::UNPROCESSABLE_ENTITY, failure));
        }
    };
    let response = held(app, keyed, receipt, work).await;
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Failure::new("output_failed", "the answer can't be written").because(&error))?;
    if let Err(error) = store(app, keyed, receipt, &parts, &body).await {
        // What was asked is done; only a repeated request does it again.
        tracing::warn!(%error, "the response of a request with an idempotency key could not be stored");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Carries out a request, and holds its lease meanwhile.
async fn held(
    app: &App,
    keyed: &Keyed,
    receipt: Receipt,
    work: impl Future<Output = Response> + Send,
) -> Response {
    let mut beats = interval(HEARTBEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beats.tick().await;
    // Beside the work, which goes on while a beat waits for a connection.
    let beating = async {
        loop {
            beats.tick().await;
            // An outage is over before the lease is, or the work fails as well.
            if let Ok(client) = app.client().await {
                let _if_it_can = requests::extend(&**client, keyed, receipt, LEASE).await;
            }
        }
    };
    tokio::select! {
        response = work => response,
        response = beating => response,
    }
}

async fn store(
    app: &App,
    keyed: &Keyed,
    receipt: Receipt,
    parts: &axum::http::response::Parts,
    body: &Bytes,
) -> forebay_store::Result<()> {
    let client = app.database().client().await?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_passing = parts.status.is_server_error() || parts.extensions.get::<Passing>().is_some();
    let is_kept = !is_passing && body.len() <= MOST_STORED;
    if let Some(content_type) = content_type.filter(|_| is_kept) {
        let content_type = content_type.to_owned();
        let answer = Answer { status: parts.status.as_u16(), content_type, body: body.to_vec() };
        requests::answer(&**client, keyed, receipt, &answer).await?;
        return Ok(());
    }
    requests::forget(&**client, keyed, receipt).await
}

fn replayed(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_str(&answer.content_type);
    headers.insert(
        header::CONTENT_TYPE,
        content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
