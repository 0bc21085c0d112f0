//! `GET /healthz` and `GET /readyz`, for supervisors and load balancers. Anyone may call them; they say nothing else.

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use forebay_views::failure::{Exit, Failure};

use crate::{app::App, problem::Problem};

pub(crate) fn router() -> Router<App> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// Whether requests can be served: the database answers, and the server isn't stopping.
async fn ready(State(app): State<App>) -> impl IntoResponse {
    if app.stopping().is_cancelled() {
        let failure = Failure::new("stopping", "the server stops").exit(Exit::Unavailable);
        return Err(Problem::from(failure));
    }
    let client = app.client().await?;
    client.simple_query("select 1").await.map_err(|error| {
        Problem::from(Failure::from(forebay_store::Error::from(error)).exit(Exit::DatabaseUnreachable))
    })?;
    Ok((StatusCode::OK, "ready\n"))
}
