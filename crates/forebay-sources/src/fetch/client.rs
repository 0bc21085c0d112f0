//! The HTTP clients of a process.
//!
//! There is one client for each address policy, because clients keep connections: a connection that one source may use
//! must not be given to a source that may not. TLS is rustls with ring, and the system's root certificates, read once.
//! Proxies from the environment are ignored: they would look up names themselves, and so bypass the address check. Only
//! HTTP/1.1 is spoken: with a few requests at a time to each host, HTTP/2 would save nothing and brings its own attacks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use reqwest::{Client, redirect::Policy, retry};
use rustls::{ClientConfig, RootCertStore};

use super::{
    address::{AllowPrivate, Resolver},
    error::FetchError,
    settings::FetchSettings,
};

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// The clients of a process.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_policy: Mutex<HashMap<(AllowPrivate, Duration), Client>>,
}

impl Clients {
    pub(super) fn client(&self, settings: &FetchSettings) -> Result<Client, FetchError> {
        let policy = (settings.allow_private.clone(), settings.connect_timeout.get());
        let mut clients = self.by_policy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&policy) {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls()?.clone())
            .dns_resolver(Arc::new(Resolver { allowed: policy.0.clone() }))
            .connect_timeout(policy.1)
            .pool_idle_timeout(IDLE)
            .no_proxy()
            // `redirects` and `retry` do these, with their checks.
            .redirect(Policy::none())
            .retry(retry::never())
            .referer(false)
            .build()
            .map_err(|error| FetchError::ClientFailed { problem: error.without_url().to_string() })?;
        clients.insert(policy, client.clone());
        Ok(client)
    }
}

/// The TLS of the process.
fn tls() -> Result<&'static ClientConfig, FetchError> {
    static TLS: OnceLock<Result<ClientConfig, String>> = OnceLock::new();
    let made = TLS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        // Unreadable certificates are skipped. Without any certificate, only https:// fails.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    });
    made.as_ref().map_err(|problem| FetchError::ClientFailed { problem: problem.clone() })
}
