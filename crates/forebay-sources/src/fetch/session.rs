//! What the requests of one run share: settings, identity, archive, counters, clock and randomness.

use std::{io, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use reqwest::Client;

use super::{
    client::Clients,
    error::FetchError,
    head::Head,
    hosts::Hosts,
    identity::Identity,
    large_pages::LargePages,
    pace::Limits,
    random::Random,
    request::Request,
    robots_cache::RobotsCache,
    settings::FetchSettings,
    stats::{FetchStats, add},
    warc::{Exchange, WarcReader, WarcWriter},
};
use crate::clock::Clock;

/// What all runs of a process share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clients: Clients,
    pub(super) hosts: Hosts,
    pub(super) robots: RobotsCache,
    pub(super) random: Random,
    pub(super) clock: Clock,
    pub(super) large_pages: LargePages,
}

/// Where responses come from.
#[derive(Debug)]
pub(super) enum Origin {
    Network { shared: Arc<Shared>, client: Client },
    Archive(Arc<WarcReader>),
}

/// What the requests of one run share.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) origin: Origin,
    pub(super) settings: FetchSettings,
    pub(super) limits: Limits,
    pub(super) identity: Identity,
    pub(super) archive: Option<Arc<WarcWriter>>,
    pub(super) stats: Arc<FetchStats>,
    pub(super) clock: Clock,
    pub(super) large_pages: LargePages,
}

impl Session {
    /// Writes a request and its response to the archive, if there is one.
    pub(super) async fn record(
        &self,
        request: &Request,
        head: &Head,
        body: &Bytes,
        is_cut: bool,
    ) -> Result<(), FetchError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        let body = body.clone();
        let sent = self.identity.headers(&head.url, request);
        let exchange = Exchange { head: head.clone(), sent, is_cut };
        let length = body.len() as u64;
        let written = tokio::task::spawn_blocking(move || archive.add(&exchange, &mut body.reader(), length));
        written.await.unwrap_or_else(|error| Err(self.archive_failed(io::Error::other(error))))
    }

    pub(super) fn archive_failed(&self, source: io::Error) -> FetchError {
        FetchError::WarcFailed { path: self.settings.warc.clone().unwrap_or_default(), source }
    }

    /// A random number from 0 to 1 that shortens the wait before a retry. Replays of an archive do not wait.
    pub(super) fn jitter(&self) -> f64 {
        match &self.origin {
            Origin::Network { shared, .. } => shared.random.fraction(),
            Origin::Archive(_) => 0.0,
        }
    }

    /// Counts a retry and waits before it.
    pub(super) async fn wait(&self, time: Duration) {
        add(&self.stats.retries, 1);
        tokio::time::sleep(time).await;
    }
}
