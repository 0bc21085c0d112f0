//! Endpoints whose body or response is a stream, not one JSON document.

use axum::{
    body::Body,
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};
use forebay_domain::access::Permission;
use forebay_views::failure::Failure;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    app::App,
    caller::Caller,
    endpoint::{path, query},
    gate::{self, Subject},
    idempotency,
    problem::Problem,
};

/// An endpoint that reads or writes a stream.
pub(crate) trait Raw: Send + Sync + 'static {
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
    /// The media types of the body; none if there is no body.
    const REQUEST: &'static [&'static str] = &[];
    /// The media type of the response.
    const RESPONSE: &'static str;
    /// The parameters of the path.
    type Path: DeserializeOwned + JsonSchema + Send + 'static;
    /// The parameters of the query.
    type Query: DeserializeOwned + JsonSchema + Send + 'static;
    /// What the response consists of.
    type Output: JsonSchema;

    /// What a request is about, for callers who may use some sources only.
    fn subject(_: &Self::Query) -> Subject<'_> {
        Subject::Everything
    }

    /// Answers a request.
    fn call(app: App, request: RawRequest<Self>) -> impl Future<Output = Result<Response, Failure>> + Send;
}

/// The arguments of a request.
pub(crate) struct RawRequest<E: Raw + ?Sized> {
    /// The parameters of the query.
    pub(crate) query: E::Query,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, unread.
    pub(crate) body: Body,
    /// Who calls.
    pub(crate) caller: Caller,
}

/// Reads the arguments and calls the endpoint.
pub(crate) async fn handle<E: Raw>(State(app): State<App>, request: HttpRequest) -> Response {
    match answer::<E>(app, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn call<E: Raw>(app: App, request: RawRequest<E>) -> Result<Response, Failure> {
    let caller = request.caller.clone();
    E::call(app, request).await.map_err(|failure| caller.shown(failure))
}

async fn answer<E: Raw>(app: App, request: HttpRequest) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = gate::admit(&app, &parts, E::NEEDS).await?;
    path::<E::Path>(&mut parts).await?;
    let query = query(&parts)?;
    gate::check_subject(&app, &caller, E::NEEDS, E::subject(&query)).await?;
    if E::METHOD.is_safe() {
        let request = RawRequest { query, headers: parts.headers, body, caller };
        return Ok(call::<E>(app, request).await?);
    }
    // The body is streamed, so it is no part of what a key stands for.
    let keyed = idempotency::keyed(&caller, &parts, &[])?;
    let request = RawRequest { query, headers: parts.headers, body, caller };
    let change = {
        let app = app.clone();
        async move {
            call::<E>(app, request).await.unwrap_or_else(|failure| Problem::from(failure).into_response())
        }
    };
    Ok(idempotency::carry_out(&app, keyed, change).await)
}
