//! The request for a page: its parameters, its address, and the response to it.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use forebay_views::failure::Failure;
use serde::de::DeserializeOwned;

use super::{
    address::Address,
    frame::{self, Content, Section},
};
use crate::{app::App, caller::Caller, endpoint::None, layers::etag, problem};

/// The request for a page, with the parameters of its path and of its query. Empty parameters, which forms send for
/// filters that are not set, count as absent.
pub(super) struct Asked<P = None, Q = None> {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) path: P,
    pub(super) query: Q,
    address: Address,
    headers: HeaderMap,
}

impl<P: DeserializeOwned + Send, Q: DeserializeOwned> FromRequestParts<App> for Asked<P, Q> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let address = Address::of(&parts.uri);
        let path = Path::<P>::from_request_parts(parts, app)
            .await
            .map_err(|error| bad_request("path_invalid", &error.body_text()))?;
        let query = address.query();
        let query =
            format!("/?{query}").parse::<Uri>().map_err(|error| bad_request("query_invalid", &error))?;
        let query = Query::<Q>::try_from_uri(&query)
            .map_err(|error| bad_request("query_invalid", &error.body_text()))?;
        let (caller, headers) = (Caller::of(parts), parts.headers.clone());
        Ok(Self { app: app.clone(), caller, path: path.0, query: query.0, address, headers })
    }
}

/// Who sends a form.
pub(super) struct Sender(pub(super) Caller);

impl FromRequestParts<App> for Sender {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Response> {
        Ok(Self(Caller::of(parts)))
    }
}

impl<P, Q> Asked<P, Q> {
    /// The address of this page.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The response: the page with its content, or the page of the failure.
    pub(super) fn answer(&self, section: Section, content: Result<Content, Failure>) -> Response {
        match content {
            Ok(content) => {
                let page = frame::page(section, &self.address.to_string(), &content);
                etag::tagged("text/html; charset=utf-8", &self.headers, page.into_string().into_bytes())
            }
            Err(failure) => refuse(&failure),
        }
    }
}

fn bad_request(code: &'static str, error: &impl ToString) -> Response {
    refuse(&Failure::usage(code, error.to_string()))
}

/// The page of a failure.
pub(super) fn refuse(failure: &Failure) -> Response {
    let status = problem::status(failure);
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(code = failure.code(), "{}", failure.full_message());
    }
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, frame::failure(failure).into_string()).into_response()
}
