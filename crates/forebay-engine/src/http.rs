//! The one way in which the engine makes HTTP clients, so that all of them behave alike.
//!
//! Redirects are never followed: what was configured for one address must not end up at another. TLS is rustls with
//! the provider of ring, given explicitly, because a library must not install a provider for the whole process. The
//! roots are those of the machine. A proxy is taken from the environment as usual (`HTTPS_PROXY`, `HTTP_PROXY`,
//! `ALL_PROXY`, `NO_PROXY`), but never for loopback hosts: no proxy can reach them.

use std::{net::IpAddr, time::Duration};

use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

/// The longest wait for a connection, even where more time is given for the whole request.
const MAX_CONNECT_TIME: Duration = Duration::from_secs(10);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nothing to verify a server by.
    #[error("no root certificate was found on this machine to verify the server's with")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client itself cannot be.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

/// A client for one URL. `timeout` is the time for a whole request, from looking up the name to the last byte of the
/// answer.
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

/// Whether a URL leads to this machine and nowhere else.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

fn with_tls(builder: ClientBuilder, url: &Url) -> Result<ClientBuilder, ClientError> {
    let mut roots = rustls::RootCertStore::empty();
    // What is not encrypted needs no roots, and reading them takes time.
    if url.scheme() == "https" {
        // The machine's own collection may hold some that cannot be read; the others still do.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(ClientError::NoRoots);
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(builder.tls_backend_preconfigured(tls))
}
