//! One endpoint of the API as a type: its arguments and its answer decide both how it is called and what the
//! description of the API says of it.

use axum::{
    extract::{FromRequestParts, Path, Request as HttpRequest, State},
    http::{Method, request::Parts},
    response::{IntoResponse, Response},
};
use forebay_domain::access::Permission;
use forebay_views::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{app::App, layers::etag, problem::Problem};

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
    /// The parameters of the path.
    type Path: DeserializeOwned + JsonSchema + Send;
    /// The parameters of the query.
    type Query: DeserializeOwned + JsonSchema + Send;
    /// The answer.
    type Output: Serialize + JsonSchema + Send;

    /// Answers a request.
    fn call(app: &App, request: Request<Self>) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}

/// No parameters.
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
}

/// Reads the arguments, calls the endpoint, and writes the answer.
pub(crate) async fn handle<E: Endpoint>(State(app): State<App>, request: HttpRequest) -> Response {
    match answer::<E>(&app, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer<E: Endpoint>(app: &App, request: HttpRequest) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let request = Request::<E> { path: path(&mut parts).await?, query: query(&parts)? };
    let body = serde_json::to_vec(&E::call(app, request).await?)
        .map_err(|error| Failure::new("output_failed", "the answer can't be written").because(&error))?;
    Ok(etag::tagged("application/json", &parts.headers, body))
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
