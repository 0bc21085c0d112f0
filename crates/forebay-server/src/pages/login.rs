//! `/login` and `/logout`: a session of the dashboard, for a token or JWT that is pasted once.

use std::net::IpAddr;

use axum::{
    Extension,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::access::Permission;
use forebay_views::rights;
use maud::{Markup, html};
use serde::Deserialize;

use super::{asked::Submitted, frame, parts};
use crate::{
    app::App,
    caller::{Caller, Means, Peer},
    problem::Problem,
};

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    next: String,
}

/// A log-in.
#[derive(Deserialize)]
pub(super) struct Given {
    token: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`
pub(super) async fn show(State(app): State<App>, Query(after): Query<After>, request: Request) -> Response {
    let next = local(&after.next);
    let (parts, _) = request.into_parts();
    match app.access().recognise(app.database(), &parts).await {
        Ok(_) => Redirect::to(next).into_response(),
        Err(problem) if problem.code() == "authentication_required" => {
            page(StatusCode::OK, HeaderMap::new(), &form(next, None))
        }
        Err(problem) => super::asked::refused(&problem),
    }
}

/// `POST /login`
pub(super) async fn log_in(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Submitted(given): Submitted<Given>,
) -> Response {
    let next = local(&given.next);
    let from = peer.map(|Extension(peer)| peer.from);
    match begin(&app, given.token.trim(), from).await {
        Ok(id) => {
            app.access().end_session(&headers);
            leave(next, app.access().cookie().set(&id))
        }
        Err(problem) => {
            let (status, headers) = problem.head();
            page(status, headers, &form(next, Some(&problem)))
        }
    }
}

async fn begin(app: &App, token: &str, from: Option<IpAddr>) -> Result<String, Problem> {
    let (credential, principal) = app.access().present(app.database(), token, from).await?;
    let caller = Caller { principal, from, means: Means::Presented(credential.clone()) };
    rights::check(&caller.principal, Permission::Read, None).map_err(|failure| {
        failure.hint(
            "the dashboard shows all sources: use a viewer's, operator's or admin's token without sources",
        )
    })?;
    Ok(app.access().begin_session(credential)?)
}

/// `POST /logout`
pub(super) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Response {
    app.access().end_session(&headers);
    leave("/login", app.access().cookie().unset())
}

fn leave(to: &str, cookie: Option<HeaderValue>) -> Response {
    let cookie = cookie.map(|cookie| (header::SET_COOKIE, cookie));
    (HeaderMap::from_iter(cookie), Redirect::to(to)).into_response()
}

/// A page of this server, whatever a link says.
fn local(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    if is_path && next.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none()) { next } else { "/" }
}

fn page(status: StatusCode, mut headers: HeaderMap, form: &Markup) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, frame::outside("Log in", form).into_string()).into_response()
}

fn form(next: &str, refused: Option<&Problem>) -> Markup {
    let error = refused.map(|problem| problem.failure().view());
    html! {
        @if let Some(error) = error {
            div .notice.bad role="alert" {
                p { (parts::sentence(&error.message)) "." }
                @if let Some(hint) = &error.hint { p { (parts::sentence(hint)) "." } }
            }
        }
        form .login method="post" action="/login" {
            label { "Token" input type="password" name="token" autocomplete="current-password" required; }
            @if next != "/" { input type="hidden" name="next" value=(next); }
            button .main type="submit" { "Log in" }
        }
        p .soft {
            "Paste a token of " code { "forebay tokens create" } ", or a JWT of the identity provider. Viewers read; operators \
             decide as well."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_another_site_leads_to_the_first_page() {
        for next in ["/runs", "/runs/7/held?after=x&y=%2F", "/"] {
            assert_eq!(local(next), next);
        }
        for next in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "evil",
            "/\t/evil",
            "javascript:1",
            "/a b",
        ] {
            assert_eq!(local(next), "/", "{next}");
        }
    }
}
