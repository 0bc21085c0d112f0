//! A response whose body has not been read yet, from the network or from an archive.

use std::io::{BufRead, Read};

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    error::FetchError,
    failure::{body_failed, feedback_of},
    head::Head,
    hosts::Permit,
    large_pages::PageMemory,
    pace::Feedback,
    redact::redact_url,
    stats::{FetchStats, add},
};

/// How much of an unwanted body is read, so that its connection can be reused.
const DRAIN: usize = 64 << 10;

/// A response whose body has not been read yet.
pub(super) struct Response {
    pub(super) head: Head,
    pub(super) content: Content,
}

/// The source of the body.
pub(super) enum Content {
    /// The permit is held until the body has been read, or must wait. A page must have arrived at the deadline; the
    /// time that it waits does not count. A file has no deadline.
    Network {
        response: reqwest::Response,
        permit: Permit,
        deadline: Instant,
    },
    Archive(Box<dyn BufRead + Send>),
}

/// What happens to a body that exceeds the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oversize {
    /// It is an error.
    Refuse,
    /// The rest is ignored.
    Truncate,
}

impl Content {
    /// Reads the start of an unwanted body, ends the request, and returns whether the body was truncated.
    pub(super) async fn drain(self, feedback: Feedback, stats: &FetchStats) -> (Bytes, bool) {
        let Self::Network { mut response, permit, .. } = self else { return (Bytes::new(), false) };
        let mut start = BytesMut::new();
        let is_cut = loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    add(&stats.wire_bytes, piece.len() as u64);
                    start.extend_from_slice(&piece[..piece.len().min(DRAIN - start.len())]);
                    if start.len() == DRAIN {
                        break true;
                    }
                }
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        permit.end(feedback);
        (start.freeze(), is_cut)
    }

    /// Reads the whole body as sent, still encoded.
    pub(super) async fn read(
        self,
        url: &Url,
        limit: u64,
        oversize: Oversize,
        stats: &FetchStats,
        memory: &mut PageMemory,
    ) -> Result<Bytes, FetchError> {
        match self {
            Self::Network { response, permit, deadline } => {
                let mut arriving = Arriving { response, deadline, permit: Some(permit), memory, stats };
                let (read, feedback) = arriving.read(url, limit, oversize).await;
                if let Some(permit) = arriving.permit {
                    permit.end(feedback);
                }
                read
            }
            Self::Archive(reader) => {
                // Its size is unknown, so it counts as large.
                memory.extend().await;
                read_archived(reader, url, limit, oversize).await
            }
        }
    }
}

/// A body on its way from the network.
struct Arriving<'a> {
    response: reqwest::Response,
    deadline: Instant,
    /// The permit of the host, until the body must wait.
    permit: Option<Permit>,
    memory: &'a mut PageMemory,
    stats: &'a FetchStats,
}

impl Arriving<'_> {
    async fn read(
        &mut self,
        url: &Url,
        limit: u64,
        oversize: Oversize,
    ) -> (Result<Bytes, FetchError>, Feedback) {
        let length = self.response.content_length();
        if oversize == Oversize::Refuse && length.is_some_and(|length| length > limit) {
            return (Err(too_large(url, limit)), Feedback::Good);
        }
        // Most bodies arrive in one piece, which is then not copied.
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let piece = match timeout_at(self.deadline, self.response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => break,
                failed => {
                    let error = match failed {
                        Ok(Err(error)) => body_failed(url, &error),
                        _ => FetchError::Timeout { url: redact_url(url) },
                    };
                    let feedback = feedback_of(&error);
                    return (Err(error), feedback);
                }
            };
            add(&self.stats.wire_bytes, piece.len() as u64);
            let so_far = first.len() + rest.len() + piece.len();
            if first.is_empty() && rest.is_empty() {
                first = piece;
            } else {
                if rest.is_empty() {
                    let expected = length.map_or(so_far as u64, |length| length.min(limit));
                    rest.reserve(usize::try_from(expected.min(1 << 20)).unwrap_or(0));
                    rest.extend_from_slice(&first);
                    first = Bytes::new();
                }
                rest.extend_from_slice(&piece);
            }
            if so_far as u64 > limit {
                if oversize == Oversize::Refuse {
                    return (Err(too_large(url, limit)), Feedback::Good);
                }
                break;
            }
            if self.memory.is_exceeded_by(so_far) {
                self.wait().await;
            }
        }
        let body = if rest.is_empty() { first } else { rest.freeze() };
        (Ok(body), Feedback::Good)
    }

    /// Waits until the page may be large. Other requests may use the host meanwhile.
    async fn wait(&mut self) {
        if let Some(permit) = self.permit.take() {
            permit.end(Feedback::Good);
        }
        let started = Instant::now();
        self.memory.extend().await;
        self.deadline += started.elapsed();
    }
}

async fn read_archived(
    reader: Box<dyn BufRead + Send>,
    url: &Url,
    limit: u64,
    oversize: Oversize,
) -> Result<Bytes, FetchError> {
    let read = tokio::task::spawn_blocking(move || {
        let mut body = Vec::new();
        reader.take(limit.saturating_add(1)).read_to_end(&mut body).map(|_| body)
    });
    match read.await {
        Ok(Ok(body)) if oversize == Oversize::Refuse && body.len() as u64 > limit => {
            Err(too_large(url, limit))
        }
        Ok(Ok(body)) => Ok(body.into()),
        _ => Err(FetchError::BodyTruncated { url: redact_url(url) }),
    }
}

fn too_large(url: &Url, limit: u64) -> FetchError {
    FetchError::BodyTooLarge { url: redact_url(url), limit }
}
