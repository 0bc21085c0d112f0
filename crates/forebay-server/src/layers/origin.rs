//! Protects a server from the pages in its users' browsers.
//!
//! Every site can make a browser send requests to 127.0.0.1. A site that gives its own name that address (DNS
//! rebinding) could even read the responses, so the `Host` must be a name of this server, or the address that the
//! connection leads to. A request that changes something must not come from another site (CSRF): browsers say so in
//! `Sec-Fetch-Site`, older ones in `Origin`. Programs send neither.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use forebay_views::failure::Failure;

use crate::{caller::Peer, problem::Problem};

const FETCH_SITE: &str = "sec-fetch-site";

/// The host that users reach the server by, besides the names of loopback: `None`, if only those.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublicHost(pub(crate) Option<Arc<str>>);

/// Refuses requests that another site makes with the user's browser.
pub(crate) async fn check(State(public): State<PublicHost>, request: Request, next: Next) -> Response {
    let own = request.extensions().get::<Peer>().map(|peer| peer.to);
    match judge(&public, own, request.method(), request.uri().authority(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn judge(
    public: &PublicHost,
    own: Option<IpAddr>,
    method: &Method,
    target: Option<&Authority>,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = target.map(Authority::as_str).or_else(|| text(header::HOST.as_str()));
    // Only programs leave it out.
    if host.is_some_and(|host| !is_ours(public, own, host)) {
        let failure = Failure::usage("host_unknown", "the request is for another host").hint(
            "call it as localhost, or set `public_url` under [server] in forebay.toml to the address in use",
        );
        return Err(Problem::with_status(StatusCode::MISDIRECTED_REQUEST, failure));
    }
    if method.is_safe() {
        return Ok(());
    }
    let is_same = match (text(FETCH_SITE), text(header::ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").is_some_and(|(_, from)| Some(from) == host),
        (None, None) => true,
    };
    if is_same {
        return Ok(());
    }
    let failure = Failure::usage("cross_origin", "a page of another site made this request")
        .hint("changes are accepted from this server's own pages and from programs");
    Err(Problem::with_status(StatusCode::FORBIDDEN, failure))
}

/// Whether a host, with or without its port, is a name of this server.
fn is_ours(public: &PublicHost, own: Option<IpAddr>, host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    // A login in front of a host makes it look like another.
    if host.contains('@') {
        return false;
    }
    let name = authority.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || own == Some(address))
        || public.0.as_deref().is_some_and(|public| public.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn code(method: &Method, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let public = PublicHost(Some("forebay.example.org".into()));
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let own = Some(IpAddr::from([192, 0, 2, 7]));
        let judged = judge(&public, own, method, None, &headers.collect());
        judged.err().map(|problem| problem.code().to_owned())
    }

    #[test]
    fn only_names_of_this_server_are_hosts() {
        for host in [
            "localhost",
            "LOCALHOST:8321",
            "127.0.0.1:8321",
            "127.8.9.1",
            "[::1]:80",
            "192.0.2.7:8321",
            "Forebay.example.org",
        ] {
            assert_eq!(code(&Method::GET, &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "forebay.example.org.evil.example",
            "192.0.2.8:8321",
            "0.0.0.0:8321",
            "localhost@evil.example",
            "evil.example@localhost",
            "",
            "a b",
        ] {
            assert_eq!(code(&Method::GET, &[("host", host)]).as_deref(), Some("host_unknown"), "{host}");
        }
        assert_eq!(code(&Method::GET, &[]), None, "programs may leave it out");
    }

    #[test]
    fn changes_come_from_this_server_or_from_programs() {
        let host = ("host", "localhost:8321");
        for (allowed, headers) in [
            (true, vec![host]),
            (true, vec![host, ("sec-fetch-site", "same-origin")]),
            (true, vec![host, ("sec-fetch-site", "none")]),
            (true, vec![host, ("origin", "http://localhost:8321")]),
            (false, vec![host, ("sec-fetch-site", "cross-site")]),
            (false, vec![host, ("sec-fetch-site", "same-site")]),
            (false, vec![host, ("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8321")]),
            (false, vec![host, ("origin", "http://localhost:9999")]),
            (false, vec![host, ("origin", "https://evil.example")]),
            (false, vec![host, ("origin", "null")]),
        ] {
            let refused = code(&Method::POST, &headers);
            assert_eq!(refused.as_deref(), (!allowed).then_some("cross_origin"), "{headers:?}");
            assert_eq!(code(&Method::GET, &headers), None, "reading is safe: {headers:?}");
        }
    }
}
