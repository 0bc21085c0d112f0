//! The HTTP clients of a process.
//!
//! There is one client per address policy, because clients keep connections open: a source must not reuse a connection
//! that its own policy forbids. Proxies from the environment are ignored: they resolve names themselves, which would
//! bypass the address check. Only HTTP/1.1 is used: with a few requests at a time to each host, HTTP/2 would save
//! nothing and adds its own attacks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Client, redirect::Policy, retry};

use super::{
    address::{AllowPrivate, Resolver},
    error::FetchError,
    settings::FetchSettings,
};
use crate::tls;

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
        // Without any root certificate, only https:// fails.
        let tls = tls::config(tls::roots())
            .map_err(|error| FetchError::ClientFailed { problem: error.to_string() })?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver { allowed: policy.0.clone() }))
            .connect_timeout(policy.1)
            .pool_idle_timeout(IDLE)
            .no_proxy()
            // `redirects` and `retry` implement these, with their own checks.
            .redirect(Policy::none())
            .retry(retry::never())
            .referer(false)
            .build()
            .map_err(|error| FetchError::ClientFailed { problem: error.without_url().to_string() })?;
        clients.insert(policy, client.clone());
        Ok(client)
    }
}
