//! One endpoint of the API as a type: its arguments and its answer decide both how it is called and what the
//! description of the API says of it.

use std::net::IpAddr;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Path, Request as HttpRequest, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use forebay_views::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{app::App, layers::etag, problem::Problem};

/// The maximum size of a JSON body, in bytes.
const MOST_BODY: usize = 1024 * 1024;

/// What a caller must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Nothing: anyone may call it.
    Nothing,
    /// To read.
    Read,
    /// To add records of its sources.
    Ingest,
    /// To decide: about runs, hand-offs, breakers.
    Operate,
    /// To delete, to configure, and to issue tokens.
    Administer,
}

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
    const NEEDS: Needs;
    /// The parameters of the path.
    type Path: DeserializeOwned + JsonSchema + Send;
    /// The parameters of the query.
    type Query: DeserializeOwned + JsonSchema + Send;
    /// The JSON body: [`None`] if there is none.
    type Body: DeserializeOwned + JsonSchema + Send;
    /// The answer.
    type Output: Serialize + JsonSchema + Send;

    /// Answers a request.
    fn call(
        app: &App,
        request: Request<Self>,
    ) -> impl Future<Output = Result<Answer<Self::Output>, Failure>> + Send;
}

/// No parameters or no body.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct None {}

/// The arguments of a request.
#[derive(Debug)]
pub(crate) struct Request<E: Endpoint + ?Sized> {
    /// The parameters of the path.
    pub(crate) path: E::Path,
    /// The parameters of the query.
    pub(crate) query: E::Query,
    /// The body.
    #[expect(dead_code, reason = "only endpoints that change something read it")]
    pub(crate) body: E::Body,
    /// Who calls.
    #[expect(dead_code, reason = "only endpoints that change something read it")]
    pub(crate) caller: Caller,
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The address that the connection comes from.
    #[expect(dead_code, reason = "only endpoints that change something read it")]
    pub(crate) from: IpAddr,
}

/// An answer with its status.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) status: StatusCode,
    pub(crate) value: T,
}

impl<T> From<T> for Answer<T> {
    fn from(value: T) -> Self {
        Self { status: StatusCode::OK, value }
    }
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
    let request = Request::<E> {
        path: path(&mut parts).await?,
        query: query(&parts)?,
        body: body_of(&parts.headers, body).await?,
        caller: caller(&parts),
    };
    let Answer { status, value } = E::call(app, request).await?;
    let body = serde_json::to_vec(&value)
        .map_err(|error| Failure::new("output_failed", "the answer can't be written").because(&error))?;
    Ok(json(status, &parts.headers, body))
}

/// A JSON response, or 304 if the client has it already.
fn json(status: StatusCode, asked: &HeaderMap, body: Vec<u8>) -> Response {
    if status == StatusCode::OK {
        return etag::tagged("application/json", asked, body);
    }
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
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

async fn body_of<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let too_large = |_| {
        let message = format!("the body is longer than {MOST_BODY} bytes, or was cut off");
        Problem::with_status(StatusCode::PAYLOAD_TOO_LARGE, Failure::usage("body_too_large", message))
    };
    let bytes: Bytes = axum::body::to_bytes(body, MOST_BODY).await.map_err(too_large)?;
    let is_json = headers.get(header::CONTENT_TYPE).is_none_or(|kind| {
        kind.to_str().is_ok_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
        })
    });
    if !bytes.is_empty() && !is_json {
        let failure = Failure::usage("body_not_json", "the body must be application/json");
        return Err(Problem::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure));
    }
    let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request("body_invalid", error.to_string()))
}

fn caller(parts: &Parts) -> Caller {
    parts.extensions.get::<Caller>().cloned().unwrap_or(Caller { from: IpAddr::from([127, 0, 0, 1]) })
}
