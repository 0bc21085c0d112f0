//! The request for a page: who sends it, its parameters, its address, and the response to it.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, RawForm, Request},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::access::Permission;
use forebay_views::{failure::Failure, rights};
use serde::de::DeserializeOwned;

use super::{
    address::Address,
    frame::{self, Content, Section},
};
use crate::{
    app::App,
    caller::Caller,
    endpoint::None,
    gate,
    layers::etag,
    problem::{self, Problem},
};

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
        let caller = admit(app, parts, Permission::Read).await?;
        let address = Address::of(&parts.uri);
        let path = Path::<P>::from_request_parts(parts, app)
            .await
            .map_err(|error| bad_request("path_invalid", &error.body_text()))?;
        let query = address.query();
        let query =
            format!("/?{query}").parse::<Uri>().map_err(|error| bad_request("query_invalid", &error))?;
        let query = Query::<Q>::try_from_uri(&query)
            .map_err(|error| bad_request("query_invalid", &error.body_text()))?;
        let headers = parts.headers.clone();
        Ok(Self { app: app.clone(), caller, path: path.0, query: query.0, address, headers })
    }
}

/// Who sends a form that decides something.
pub(super) struct Operator(pub(super) Caller);

impl FromRequestParts<App> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        admit(app, parts, Permission::Operate).await.map(Self)
    }
}

/// The fields of a form.
pub(super) struct Submitted<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Submitted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let RawForm(bytes) =
            RawForm::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        // As in addresses: no text of Postgres can contain it.
        let has = |escape: &[u8]| bytes.windows(escape.len()).any(|part| part == escape);
        // The second is one within a filter, which is encoded twice.
        if bytes.contains(&0) || has(b"%00") || has(b"%2500") {
            return Err(bad_request("nul_character", &"the form contains a NUL character"));
        }
        serde_html_form::from_bytes(&bytes).map(Self).map_err(|error| bad_request("form_invalid", &error))
    }
}

/// Who has a page open.
pub(super) struct Reader(pub(super) Caller);

impl FromRequestParts<App> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        admit(app, parts, Permission::Read).await.map(Self)
    }
}

/// Says who calls, and checks that they may do this with all sources: pages show all. Whoever has no session is sent to
/// the log-in.
async fn admit(app: &App, parts: &Parts, needs: Permission) -> Result<Caller, Response> {
    let admitted = async {
        let caller = gate::admit(app, parts, needs).await?;
        rights::check(&caller.principal, needs, Option::None)?;
        Ok::<_, Problem>(caller)
    };
    let problem = match admitted.await {
        Ok(caller) => return Ok(caller),
        Err(problem) => problem,
    };
    if problem.code() != "authentication_required" {
        return Err(refused(&problem));
    }
    if parts.headers.contains_key("hx-request") {
        // A part of a page can't become the page of the log-in: htmx loads that instead.
        return Err((StatusCode::UNAUTHORIZED, [("hx-redirect", login("/"))]).into_response());
    }
    // A form is not sent again by itself.
    let back = if parts.method.is_safe() { Address::of(&parts.uri).to_string() } else { "/".to_owned() };
    Err(Redirect::to(&login(&back)).into_response())
}

/// The address of the log-in that leads back to a page.
fn login(back: &str) -> String {
    let next = if back == "/" { "" } else { back };
    Address::new("/login", [("next", next)]).to_string()
}

impl<P, Q> Asked<P, Q> {
    /// The address of this page.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Whether to offer what only operators may do.
    pub(super) fn may_operate(&self) -> bool {
        self.caller.may(Permission::Operate)
    }

    /// The response: the page with its content, or the page of the failure.
    pub(super) fn answer(&self, section: Section, content: Result<Content, Failure>) -> Response {
        match content {
            Ok(content) => {
                let page = frame::page(section, &self.address.to_string(), &content, &self.caller);
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
    respond(problem::status(failure), HeaderMap::new(), failure)
}

/// The page of a problem, with its headers.
pub(super) fn refused(problem: &Problem) -> Response {
    let (status, headers) = problem.head();
    respond(status, headers, problem.failure())
}

fn respond(status: StatusCode, mut headers: HeaderMap, failure: &Failure) -> Response {
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(code = failure.code(), "{}", failure.full_message());
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.entry(header::RETRY_AFTER).or_insert(problem::RETRY_AFTER.as_secs().into());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, frame::failure(failure).into_string()).into_response()
}
