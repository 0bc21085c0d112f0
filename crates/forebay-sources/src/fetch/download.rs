//! Downloads: a task reads the body from the network and passes its pieces to the reader.

use std::{
    fs::File,
    io::{self, BufReader, Seek, Write},
    sync::Arc,
    time::Instant,
};

use tracing::Instrument;

use super::{
    body::{Body, Piece, Pieces, channel},
    decode::{Decoder, encoding},
    error::FetchError,
    failure::{body_failed, feedback_of},
    head::Head,
    hosts::Permit,
    pace::Feedback,
    redact::redact_url,
    request::Request,
    response::Content,
    session::Session,
    stats::add,
    warc::{Exchange, WarcWriter},
};

/// Starts to download the body of a response.
pub(super) fn start(
    session: Arc<Session>,
    request: &Request,
    head: &Head,
    content: Content,
) -> Result<Body, FetchError> {
    let url = &head.url;
    let limit = session.settings.max_file.get();
    let encoding = encoding(&head.headers, url)?;
    let stats = Arc::clone(&session.stats);
    let decoder = match content {
        Content::Archive(reader) => Decoder::new(reader, encoding, limit, url.clone()),
        Content::Network { response, permit, .. } => {
            if response.content_length().is_some_and(|length| length > limit) {
                return Err(FetchError::BodyTooLarge { url: redact_url(url), limit });
            }
            let spool = session.archive.as_ref().map(Spool::new).transpose();
            let spool = spool.map_err(|error| session.archive_failed(error))?;
            let sent = session.identity.headers(url, request);
            let exchange = Exchange { head: head.clone(), sent, is_cut: false };
            let (pieces, body) = channel();
            let task = Task { session, pieces, exchange, spool };
            tokio::spawn(task.run(response, permit).in_current_span());
            Decoder::new(body, encoding, limit, url.clone())
        }
    };
    Ok(Body::new(decoder, stats))
}

/// Reads one body from the network. Ends when the body ends or fails, or when the reader is dropped.
struct Task {
    session: Arc<Session>,
    pieces: Pieces,
    exchange: Exchange,
    spool: Option<Spool>,
}

impl Task {
    async fn run(mut self, response: reqwest::Response, permit: Permit) {
        let result = self.read(response).await;
        // Sending fails if the reader was dropped.
        match result {
            Ok(()) => {
                permit.end(Feedback::Good);
                let _ = self.pieces.send(Ok(Piece::End)).await;
            }
            Err(error) => {
                permit.end(feedback_of(&error));
                let _ = self.pieces.send(Err(error)).await;
            }
        }
    }

    async fn read(&mut self, mut response: reqwest::Response) -> Result<(), FetchError> {
        let session = Arc::clone(&self.session);
        let url = self.exchange.head.url.clone();
        let limit = session.settings.max_file.get();
        let timeout = session.settings.timeout.get();
        let mut time_left = session.settings.max_file_time.get();
        let mut wire_bytes = 0;
        loop {
            // Only time spent waiting for the server counts: a slow reader must not fail the download.
            let started = Instant::now();
            let piece = tokio::time::timeout(timeout.min(time_left), response.chunk()).await;
            time_left = time_left.saturating_sub(started.elapsed());
            let piece = piece.map_err(|_| FetchError::Timeout { url: redact_url(&url) })?;
            let Some(piece) = piece.map_err(|error| body_failed(&url, &error))? else { break };
            add(&session.stats.wire_bytes, piece.len() as u64);
            wire_bytes += piece.len() as u64;
            if wire_bytes > limit {
                return Err(FetchError::BodyTooLarge { url: redact_url(&url), limit });
            }
            if let Some(spool) = &mut self.spool {
                spool.file.write_all(&piece).map_err(|error| session.archive_failed(error))?;
            }
            if self.pieces.send(Ok(Piece::Bytes(piece))).await.is_err() {
                return Ok(());
            }
        }
        let Some(spool) = self.spool.take() else { return Ok(()) };
        let exchange = self.exchange.clone();
        let archived = tokio::task::spawn_blocking(move || spool.archive(&exchange, wire_bytes)).await;
        archived.unwrap_or_else(|error| Err(session.archive_failed(io::Error::other(error))))
    }
}

/// Collects a body in a temporary file before archiving it. A WARC record starts with its length, which is only known
/// at the end.
struct Spool {
    archive: Arc<WarcWriter>,
    file: File,
}

impl Spool {
    fn new(archive: &Arc<WarcWriter>) -> io::Result<Self> {
        Ok(Self { archive: Arc::clone(archive), file: tempfile::tempfile()? })
    }

    fn archive(mut self, exchange: &Exchange, length: u64) -> Result<(), FetchError> {
        // If rewinding fails, the file reads as truncated, which is an error below.
        let _ = self.file.rewind();
        self.archive.add(exchange, &mut BufReader::new(self.file), length)
    }
}
