//! A body that is read while it comes: from the task that fetches it to the thread that reads it.
//!
//! At most [`CHANNEL`] pieces wait in between, so a slow reader slows the server down and memory stays flat.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::FetchError;
use super::decode::Decoded;
use super::stats::{FetchStats, add};
use crate::Error;

/// How many pieces of a body may wait. The client reads pieces of 8 to 400 KiB.
const CHANNEL: usize = 4;

/// The body of a big file, decompressed. Reading blocks: do it on a thread that runs no async tasks. An error of the
/// fetch comes out as [`crate::Error::Fetch`] inside of the [`io::Error`]. Dropping it ends the fetch.
#[derive(Debug)]
pub struct Body {
    decoded: Box<Decoded>,
    stats: Arc<FetchStats>,
}

impl Body {
    pub(super) fn new(decoded: Decoded, stats: Arc<FetchStats>) -> Self {
        Self { decoded: Box::new(decoded), stats }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoded.read(buffer)?;
        add(&self.stats.decoded_bytes, count as u64);
        Ok(count)
    }
}

/// What has come. A channel that is closed without an end was left by a task that died.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(Bytes),
    End,
}

/// Where the task puts what has come.
pub(super) type Pieces = Sender<Result<Piece, FetchError>>;

/// The two ends of a body that is coming.
pub(super) fn coming() -> (Pieces, Coming) {
    let (sender, pieces) = channel(CHANNEL);
    (sender, Coming { pieces, piece: Bytes::new(), is_over: false })
}

/// The end that is read.
#[derive(Debug)]
pub(super) struct Coming {
    pieces: Receiver<Result<Piece, FetchError>>,
    piece: Bytes,
    is_over: bool,
}

impl BufRead for Coming {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.piece.is_empty() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Ok(Piece::Bytes(piece))) => self.piece = piece,
                Some(Ok(Piece::End)) => self.is_over = true,
                Some(Err(error)) => return Err(io::Error::other(Error::Fetch(error))),
                None => return Err(io::Error::other("the fetch ended without a word")),
            }
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, amount: usize) {
        self.piece.advance(amount);
    }
}

impl Read for Coming {
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
    fn a_body_whose_task_died_has_no_end() {
        let read = |is_ended: bool| {
            let (sender, mut coming) = coming();
            sender.try_send(Ok(Piece::Bytes(Bytes::from_static(b"half")))).unwrap();
            if is_ended {
                sender.try_send(Ok(Piece::End)).unwrap();
            }
            drop(sender);
            let mut text = String::new();
            coming.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(read(true).unwrap(), "half");
        assert!(read(false).is_err());
    }
}
