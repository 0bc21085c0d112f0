//! Big files: the task that brings the pieces of a body to its reader.

use std::fs::File;
use std::io::{self, BufReader, Seek, Write};
use std::sync::Arc;
use std::time::Instant;

use super::body::{Body, Piece, Pieces, coming};
use super::decode::{Decoded, encoding};
use super::hosts::Permit;
use super::pace::Feedback;
use super::redirects::Purpose;
use super::response::{Content, Response, broken_off, feedback_of};
use super::stats::add;
use super::warc::{Exchange, WarcWriter};
use super::{Download, FetchError, Fetcher, Request, Validators, redact_url};

impl Fetcher {
    pub(super) async fn download_once(&self, request: &Request) -> Result<Download, FetchError> {
        let response = self.follow(request, Purpose::File).await?;
        let fresh_until = self.fresh_until(&response, request);
        if response.status == 304 {
            let validators = self.not_modified(response, request).await?;
            return Ok(Download::NotModified { validators, fresh_until });
        }
        let content_type = response.content_type();
        let Response { url, status, headers, at, content } = response;
        let limit = self.inner.settings.max_file.get();
        let encoding = encoding(&headers, &url)?;
        let validators = Validators::of(&headers);
        let decoded = match content {
            Content::Archive(reader) => Decoded::new(reader, encoding, limit, url.clone()),
            Content::Network { response, permit } => {
                if response.content_length().is_some_and(|length| length > limit) {
                    return Err(FetchError::BodyTooLarge { url: redact_url(&url), limit });
                }
                let sent = self.inner.identity.headers(&url, request);
                let exchange = Exchange { url: url.clone(), sent, status, headers, at, is_cut: false };
                let spool = match &self.inner.archive {
                    Some(archive) => Some(Spool::new(archive).map_err(|error| self.archive_failed(error))?),
                    None => None,
                };
                let (pieces, body) = coming();
                tokio::spawn(self.clone().bring(response, permit, pieces, exchange, spool));
                Decoded::new(body, encoding, limit, url.clone())
            }
        };
        let body = Body::new(decoded, Arc::clone(&self.inner.stats));
        Ok(Download::File { url, content_type, body, validators, fresh_until, fetched_at: at })
    }

    /// Brings a body to its reader until it ends, breaks off, or nobody reads it any more.
    async fn bring(
        self,
        response: reqwest::Response,
        permit: Permit,
        pieces: Pieces,
        exchange: Exchange,
        spool: Option<Spool>,
    ) {
        // A closed channel means that nobody reads any more.
        match self.brought(response, &pieces, exchange, spool).await {
            Ok(()) => {
                permit.end(Feedback::Good);
                let _ = pieces.send(Ok(Piece::End)).await;
            }
            Err(error) => {
                permit.end(feedback_of(&error));
                let _ = pieces.send(Err(error)).await;
            }
        }
    }

    async fn brought(
        &self,
        mut response: reqwest::Response,
        pieces: &Pieces,
        exchange: Exchange,
        mut spool: Option<Spool>,
    ) -> Result<(), FetchError> {
        let limit = self.inner.settings.max_file.get();
        let timeout = self.inner.settings.timeout.get();
        let mut patience = self.inner.settings.max_file_time.get();
        let mut wire_bytes = 0;
        loop {
            // A reader that is slow costs the server nothing: only the time that the server takes counts.
            let asked = Instant::now();
            let piece = tokio::time::timeout(timeout.min(patience), response.chunk()).await;
            patience = patience.saturating_sub(asked.elapsed());
            let piece = piece.map_err(|_| FetchError::Timeout { url: redact_url(&exchange.url) })?;
            let Some(piece) = piece.map_err(|error| broken_off(&exchange.url, &error))? else { break };
            add(&self.inner.stats.wire_bytes, piece.len() as u64);
            wire_bytes += piece.len() as u64;
            if wire_bytes > limit {
                return Err(FetchError::BodyTooLarge { url: redact_url(&exchange.url), limit });
            }
            if let Some(spool) = &mut spool {
                spool.file.write_all(&piece).map_err(|error| self.archive_failed(error))?;
            }
            if pieces.send(Ok(Piece::Bytes(piece))).await.is_err() {
                return Ok(());
            }
        }
        let Some(spool) = spool else { return Ok(()) };
        let added = tokio::task::spawn_blocking(move || spool.add(&exchange, wire_bytes)).await;
        added.unwrap_or_else(|error| Err(self.archive_failed(io::Error::other(error))))
    }
}

/// A body on its way into the archive: a record begins with its length, which is known only at the end.
struct Spool {
    archive: Arc<WarcWriter>,
    file: File,
}

impl Spool {
    fn new(archive: &Arc<WarcWriter>) -> io::Result<Self> {
        Ok(Self { archive: Arc::clone(archive), file: tempfile::tempfile()? })
    }

    fn add(mut self, exchange: &Exchange, length: u64) -> Result<(), FetchError> {
        // A file that cannot be read from its start reads as cut off.
        let _ = self.file.rewind();
        self.archive.add(exchange, &mut BufReader::new(self.file), length)
    }
}
