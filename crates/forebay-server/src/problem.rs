//! Errors as responses: problem details (RFC 9457) with the codes of the command line.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use forebay_views::failure::{Exit, Failure};
use schemars::JsonSchema;
use serde::Serialize;

/// How long a client should wait before it tries again while the database or a source is unavailable, in seconds.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Codes of a request that was right, but that the present state refuses.
const CONFLICTS: [&str; 14] = [
    "contention",
    "keys_moved_back",
    "name_taken",
    "not_a_rekey",
    "pipeline_declared_disabled",
    "run_already_reverted",
    "run_not_applied",
    "run_not_held",
    "run_process_died",
    "scope_busy",
    "source_disabled",
    "source_in_use",
    "source_not_scraped",
    "worker_alive",
];

/// Codes of what may be over when the request is repeated.
const PASSING: [&str; 4] = ["busy", "contention", "database_timeout", "scope_busy"];

/// Codes of a request that can be read but not carried out as it is.
const UNPROCESSABLE: [&str; 2] = ["no_filter", "no_limit_key"];

/// Codes of what isn't there, besides those that begin with `no_such_`.
const NOT_FOUND: [&str; 2] = ["course_unknown", "not_there_then"];

/// Why a request failed (RFC 9457, media type `application/problem+json`).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProblemDetails {
    /// Always `about:blank`: `code` says which error it is.
    r#type: &'static str,
    /// The phrase of the status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The error, as a sentence with its causes. Secrets are masked.
    detail: String,
    /// The error, as the stable word that the command line prints too.
    code: String,
    /// What to do next; null: there is no hint.
    hint: Option<String>,
    /// Where the error occurred, such as a parameter or a line of the input; null: the detail contains it.
    place: Option<String>,
}

/// Marks a response that must not be repeated: the request did not arrive whole, or may succeed later.
#[derive(Clone, Copy)]
pub(crate) struct Passing;

/// An error as a response.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    failure: Box<Failure>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A failure with another status than its own.
    pub(crate) fn with_status(status: StatusCode, failure: Failure) -> Self {
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        Self { status, failure: Box::new(failure), retry_after }
    }

    /// Says how long to wait before the next try.
    #[must_use]
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// Its status and its headers that don't depend on the form of its body.
    pub(crate) fn head(&self) -> (StatusCode, HeaderMap) {
        let mut headers =
            HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]);
        if let Some(wait) = self.retry_after {
            // Rounded up: a client that comes back at that time must not be too early.
            headers.insert(header::RETRY_AFTER, (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).into());
        }
        // RFC 6750, section 3.
        let challenge = match self.failure.code() {
            "authentication_required" => Some(r#"Bearer realm="forebay""#),
            "token_refused" => Some(r#"Bearer realm="forebay", error="invalid_token""#),
            "permission_missing" => Some(r#"Bearer realm="forebay", error="insufficient_scope""#),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        (self.status, headers)
    }

    /// What failed.
    pub(crate) fn failure(&self) -> &Failure {
        &self.failure
    }

    /// A request that can't be understood.
    pub(crate) fn bad_request(code: &'static str, message: impl AsRef<str>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, Failure::usage(code, message))
    }

    /// The status of the response.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The code of the failure.
    pub(crate) fn code(&self) -> &'static str {
        self.failure.code()
    }

    /// What the body says.
    fn details(&self) -> ProblemDetails {
        let forebay_views::Error { code, message, hint, place } = self.failure.view();
        ProblemDetails {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: message,
            code,
            hint,
            place,
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::with_status(status(&failure), failure)
    }
}

/// The status of a failure.
pub(crate) fn status(failure: &Failure) -> StatusCode {
    let code = failure.code();
    match failure.exit_code() {
        _ if code.starts_with("no_such_") || NOT_FOUND.contains(&code) => StatusCode::NOT_FOUND,
        _ if code == "encoding_unsupported" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ if matches!(code, "authentication_required" | "token_refused") => StatusCode::UNAUTHORIZED,
        _ if code == "permission_missing" => StatusCode::FORBIDDEN,
        _ if code == "too_many_failures" => StatusCode::TOO_MANY_REQUESTS,
        _ if CONFLICTS.contains(&code) => StatusCode::CONFLICT,
        _ if code == "scraping_not_allowed" => StatusCode::FORBIDDEN,
        _ if UNPROCESSABLE.contains(&code) => StatusCode::UNPROCESSABLE_ENTITY,
        _ if PASSING.contains(&code) => StatusCode::SERVICE_UNAVAILABLE,
        Exit::Usage => StatusCode::BAD_REQUEST,
        Exit::Held => StatusCode::CONFLICT,
        Exit::DatabaseUnreachable | Exit::Unavailable | Exit::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
        Exit::Partial => StatusCode::UNPROCESSABLE_ENTITY,
        Exit::Done | Exit::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.details()).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        (*response.status_mut(), *response.headers_mut()) = self.head();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if PASSING.contains(&self.code()) {
            response.extensions_mut().insert(Passing);
        }
        if self.status.is_server_error() {
            tracing::error!(code = self.failure.code(), "{}", self.failure.full_message());
        }
        response
    }
}
