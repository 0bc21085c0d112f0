//! Creates the HTTP clients of the engine, so that all of them behave the same.
//!
//! They never follow redirects: a request that was configured for one address must not reach another. They trust the
//! machine's root certificates. Proxies come from the environment as usual (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
//! `NO_PROXY`), but never for loopback hosts, which no proxy can reach.

use std::{net::IpAddr, sync::Arc, time::Duration};

use forebay_sources::tls;
use reqwest::{Client, ClientBuilder, Url, redirect::Policy};
use rustls::RootCertStore;

/// The longest wait for a connection, even if the whole request has more time.
const MAX_CONNECT_TIME: Duration = Duration::from_secs(10);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No root certificate.
    #[error("no root certificate was found on this machine to verify the server")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client cannot be created.
    #[error("the HTTP client cannot be created")]
    Client(#[from] reqwest::Error),
}

/// A client for one URL. `timeout` covers a whole request, from looking up the name to the last byte of the response.
pub(crate) fn client(url: &Url, timeout: Duration) -> Result<Client, ClientError> {
    let mut builder = Client::builder()
        .user_agent(concat!("forebay/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(timeout.min(MAX_CONNECT_TIME))
        .timeout(timeout);
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    Ok(with_tls(builder, url)?.build()?)
}

/// Whether a URL always leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

fn with_tls(builder: ClientBuilder, url: &Url) -> Result<ClientBuilder, ClientError> {
    // Plain HTTP needs no roots, and reading them takes time.
    let roots = if url.scheme() == "https" { tls::roots() } else { Arc::new(RootCertStore::empty()) };
    if url.scheme() == "https" && roots.is_empty() {
        return Err(ClientError::NoRoots);
    }
    Ok(builder.tls_backend_preconfigured(tls::config(roots)?))
}
