//! One endpoint of the API as a type: its arguments and its answer decide both how it is called and what the
//! description of the API says of it.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Path, Request as HttpRequest, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use forebay_domain::access::Permission;
use forebay_views::{failure::Failure, has_nul};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    caller::Caller,
    gate::{self, Subject},
    idempotency,
    layers::etag,
    problem::Problem,
};

/// The maximum size of a JSON body, in bytes.
const MOST_BODY: usize = 1024 * 1024;

/// An endpoint.
pub(crate) trait Endpoint: Send + Sync + 'static {
    /// The method.
    const METHOD: Method;
    /// The path, with parameters in braces.
    const PATH: &'static str;
    /// Its name in generated clients.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// What the caller must be allowed to do.
    const NEEDS: Permission;
    /// The statuses of successful answers.
    const STATUSES: &'static [StatusCode] = &[StatusCode::OK];
    /// The parameters of the path.
    type Path: DeserializeOwned + JsonSchema + Send + 'static;
    /// The parameters of the query.
    type Query: DeserializeOwned + JsonSchema + Send + 'static;
    /// The JSON body; [`None`] if there is none.
    type Body: DeserializeOwned + JsonSchema + Send + 'static;
    /// The answer.
    type Output: Serialize + JsonSchema + Send;

    /// What a request is about, for callers who may use some sources only.
    fn subject(_: &Request<Self>) -> Subject<'_> {
        Subject::Everything
    }

    /// The status of a successful answer: one of [`Self::STATUSES`].
    fn status(_: &Self::Output) -> StatusCode {
        StatusCode::OK
    }

    /// Answers a request.
    fn call(app: &App, request: Request<Self>) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}

/// No parameters, or no body.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct None {}

/// The arguments of a request.
pub(crate) struct Request<E: Endpoint + ?Sized> {
    /// The parameters of the path.
    pub(crate) path: E::Path,
    /// The parameters of the query.
    pub(crate) query: E::Query,
    /// The body.
    pub(crate) body: E::Body,
    /// Who calls.
    pub(crate) caller: Caller,
}

/// Reads the arguments, calls the endpoint, and writes the answer.
pub(crate) async fn handle<E: Endpoint>(State(app): State<App>, request: HttpRequest) -> Response {
    match answer::<E>(&app, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer<E: Endpoint>(app: &App, request: HttpRequest) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    // First: what a request contains is read for callers who may send it.
    let caller = gate::admit(app, &parts, E::NEEDS).await?;
    let (path, query) = (path(&mut parts).await?, query(&parts)?);
    let bytes = bytes(&parts, body).await?;
    let request = Request::<E> { path, query, body: json_body(&parts, &bytes)?, caller };
    gate::check_subject(app, &request.caller, E::NEEDS, E::subject(&request)).await?;
    if E::METHOD.is_safe() {
        let output = call::<E>(app, request).await?;
        return Ok(etag::tagged("application/json", &parts.headers, json(&output)?));
    }
    let keyed = idempotency::keyed(&request.caller, &parts, &bytes)?;
    let change = {
        let app = app.clone();
        async move { changed::<E>(&app, request).await.unwrap_or_else(IntoResponse::into_response) }
    };
    Ok(idempotency::carry_out(app, keyed, change).await)
}

async fn call<E: Endpoint>(app: &App, request: Request<E>) -> Result<E::Output, Failure> {
    let caller = request.caller.clone();
    E::call(app, request).await.map_err(|failure| caller.shown(failure))
}

/// Calls an endpoint that changes something.
async fn changed<E: Endpoint>(app: &App, request: Request<E>) -> Result<Response, Problem> {
    let output = call::<E>(app, request).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((E::status(&output), headers, json(&output)?).into_response())
}

fn json(output: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(output)
        .map_err(|error| Failure::new("output_failed", "the answer can't be written").because(&error))
}

pub(crate) async fn path<T: DeserializeOwned + Send>(parts: &mut Parts) -> Result<T, Problem> {
    let Path(path) = Path::<T>::from_request_parts(parts, &())
        .await
        .map_err(|error| Problem::bad_request("path_invalid", error.body_text()))?;
    Ok(path)
}

pub(crate) fn query<T: DeserializeOwned>(parts: &Parts) -> Result<T, Problem> {
    let text = parts.uri.query().unwrap_or_default();
    serde_html_form::from_str(text).map_err(|error| Problem::bad_request("query_invalid", error.to_string()))
}

/// The body of a request that changes something. Error: `body_too_large`.
async fn bytes(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    if parts.method.is_safe() {
        return Ok(Bytes::new());
    }
    axum::body::to_bytes(body, MOST_BODY).await.map_err(|_| {
        let message = format!("the body is longer than {MOST_BODY} bytes, or was cut off");
        Problem::with_status(StatusCode::PAYLOAD_TOO_LARGE, Failure::usage("body_too_large", message))
    })
}

/// The body as JSON; an absent one counts as an empty object. Errors: `body_not_json`, `body_invalid`,
/// `encoding_unsupported`.
fn json_body<T: DeserializeOwned>(parts: &Parts, bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return parsed(b"{}");
    }
    check_type(&parts.headers)?;
    // serde would read an array as the fields in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::bad_request("body_invalid", "the body must be a JSON object"));
    }
    // As in addresses: no text of Postgres can contain it.
    if serde_json::from_slice(bytes).is_ok_and(|value| has_nul(&value)) {
        return Err(Problem::bad_request("nul_character", "the body contains a NUL character"));
    }
    parsed(bytes)
}

fn parsed<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(json).map_err(|error| Problem::bad_request("body_invalid", error.to_string()))
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let failure = Failure::usage("encoding_unsupported", "the body must not be encoded");
        return Err(failure.into());
    }
    let kind = text(header::CONTENT_TYPE);
    let kind = kind.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    // Forms of other sites can't have this type.
    if kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json") {
        return Ok(());
    }
    let failure = Failure::usage("body_not_json", "the content type of the body must be application/json");
    Err(Problem::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure))
}

#[cfg(test)]
mod tests {
    use axum::http::Request as HttpRequest;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Decision {
        #[serde(default)]
        reason: Option<String>,
    }

    async fn read(
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Result<Option<String>, (u16, &'static str)> {
        let request = headers
            .iter()
            .fold(HttpRequest::post("/"), |request, (name, value)| request.header(*name, *value));
        let (parts, body) = request.body(body.into()).unwrap().into_parts();
        let read = match bytes(&parts, body).await {
            Ok(bytes) => json_body::<Decision>(&parts, &bytes),
            Err(problem) => Err(problem),
        };
        read.map(|decision| decision.reason).map_err(|problem| (problem.status().as_u16(), problem.code()))
    }

    #[tokio::test]
    async fn a_body_is_json_of_a_limited_size() {
        let json = ("content-type", "application/json; charset=utf-8");
        assert_eq!(read(&[], "").await, Ok(None));
        assert_eq!(read(&[json], r#"{"reason": "rebuilt"}"#).await, Ok(Some("rebuilt".to_owned())));
        assert_eq!(read(&[("content-type", "Application/Merge-Patch+JSON")], "{}").await, Ok(None));
        for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "text/json"] {
            assert_eq!(read(&[("content-type", kind)], "{}").await, Err((415, "body_not_json")), "{kind}");
        }
        assert_eq!(read(&[], "{}").await, Err((415, "body_not_json")), "browsers may leave it out");
        let gzip = ("content-encoding", "gzip");
        assert_eq!(read(&[json, gzip], "{}").await, Err((415, "encoding_unsupported")));
        for body in ["{", "[]", "null", r#"{"resaon": "x"}"#, r#"{"reason": 1}"#] {
            assert_eq!(read(&[json], body).await, Err((400, "body_invalid")), "{body}");
        }
        let long = " ".repeat(MOST_BODY + 1);
        assert_eq!(read(&[json], long).await, Err((413, "body_too_large")));
    }
}
