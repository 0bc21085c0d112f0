//! Passes the body of a download from the task that fetches it to the thread that reads it.
//!
//! At most [`CHANNEL`] pieces wait in between, so a slow reader slows the server down and memory use stays flat.

use std::{
    io::{self, BufRead, Read},
    sync::Arc,
};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use super::{
    decode::Decoder,
    error::FetchError,
    stats::{FetchStats, add},
};
use crate::error::Error;

/// Maximum number of waiting pieces. The HTTP client reads pieces of 8 to 400 KiB.
const CHANNEL: usize = 4;

/// The decompressed body of a download. Reading blocks, so read on a thread that runs no async tasks. A failed fetch is
/// an [`io::Error`] that contains [`crate::Error::Fetch`]. Dropping the body ends the download.
#[derive(Debug)]
pub struct Body {
    decoder: Box<Decoder>,
    stats: Arc<FetchStats>,
}

impl Body {
    pub(super) fn new(decoder: Decoder, stats: Arc<FetchStats>) -> Self {
        Self { decoder: Box::new(decoder), stats }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        add(&self.stats.decoded_bytes, count as u64);
        Ok(count)
    }
}

/// A message of the download task. If the channel closes without an `End`, the task has died.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(Bytes),
    End,
}

/// The sending half.
pub(super) type Pieces = mpsc::Sender<Result<Piece, FetchError>>;

/// Both halves of a body in transit.
pub(super) fn channel() -> (Pieces, Incoming) {
    let (sender, pieces) = mpsc::channel(CHANNEL);
    (sender, Incoming { pieces, piece: Bytes::new(), is_over: false })
}

/// The receiving half.
#[derive(Debug)]
pub(super) struct Incoming {
    pieces: mpsc::Receiver<Result<Piece, FetchError>>,
    piece: Bytes,
    is_over: bool,
}

impl BufRead for Incoming {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.piece.is_empty() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Ok(Piece::Bytes(piece))) => self.piece = piece,
                Some(Ok(Piece::End)) => self.is_over = true,
                Some(Err(error)) => return Err(io::Error::other(Error::Fetch(error))),
                None => return Err(io::Error::other("the download task ended unexpectedly")),
            }
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, amount: usize) {
        self.piece.advance(amount);
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_whose_task_died_is_an_error() {
        let read = |is_ended: bool| {
            let (sender, mut incoming) = channel();
            sender.try_send(Ok(Piece::Bytes(Bytes::from_static(b"half")))).unwrap();
            if is_ended {
                sender.try_send(Ok(Piece::End)).unwrap();
            }
            drop(sender);
            let mut text = String::new();
            incoming.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(read(true).unwrap(), "half");
        assert!(read(false).is_err());
    }
}
