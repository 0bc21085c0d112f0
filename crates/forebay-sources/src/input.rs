//! The bytes of an input: decompressed, counted, and read in pieces that fit how they arrive.
//!
//! gzip (RFC 1952, several members) is told by its first two bytes, not by a file name. A stream that breaks
//! off is an ending, damage is an error; either way the bytes before it have been handed out. Input from elsewhere has
//! bounds: those of the fetch hold for what it brings, which a packed file is not the end of.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::Error;
use crate::fetch::Bounds;

/// The most bytes that one read asks for.
const MAX_READ: usize = 1 << 20;
/// The first read, before it is known how much comes at a time.
const MIN_READ: usize = 16 << 10;
/// The buffer of compressed bytes.
const COMPRESSED: usize = 128 << 10;
/// How gzip data begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    Some,
    /// The input is complete.
    End,
    /// The gzip stream breaks off.
    Cut,
}

pub(crate) struct Input {
    body: Body,
    /// Bytes that were read to tell the format, and have not been handed out.
    peeked: Vec<u8>,
    /// What peeking met after those bytes.
    met: Option<Result<Filled, Error>>,
    read: u64,
    /// Bytes that came out of the body, also those that are peeked.
    unpacked: u64,
    bounds: Option<Bounds>,
    /// How much to ask for: twice what the last read brought, so that a slow pipe costs no large clearing of
    /// memory.
    ask: usize,
}

impl Input {
    pub(crate) fn open(inner: Box<dyn Read + Send>, bounds: Option<Bounds>) -> Result<Self, Error> {
        let mut raw = Raw { inner, first: Vec::new(), given: 0, position: 0 };
        raw.read_first(&GZIP)?;
        let body = if raw.first.starts_with(&GZIP) {
            Body::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(COMPRESSED, raw))))
        } else {
            Body::Plain(raw)
        };
        Ok(Self { body, peeked: Vec::new(), met: None, read: 0, unpacked: 0, bounds, ask: MIN_READ })
    }

    /// The bytes at the front, which stay there.
    pub(crate) fn peeked(&self) -> &[u8] {
        &self.peeked
    }

    /// Reads once more without handing out. False when nothing more comes.
    pub(crate) fn peek(&mut self) -> bool {
        if self.met.is_some() {
            return false;
        }
        let mut peeked = std::mem::take(&mut self.peeked);
        let outcome = self.read_once(&mut peeked);
        self.peeked = peeked;
        match outcome {
            Ok(Filled::Some) => true,
            ended => {
                self.met = Some(ended);
                false
            }
        }
    }

    /// Drops bytes from the front of what was peeked.
    pub(crate) fn skip_peeked(&mut self, count: usize) {
        self.peeked.drain(..count);
        self.read += count as u64;
    }

    /// Appends what is there: what was peeked, or else one read.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>) -> Result<Filled, Error> {
        if !self.peeked.is_empty() {
            buffer.extend_from_slice(&self.peeked);
            self.read += self.peeked.len() as u64;
            self.peeked = Vec::new();
            return Ok(Filled::Some);
        }
        if let Some(met) = self.met.take() {
            return met;
        }
        let before = buffer.len();
        let filled = self.read_once(buffer);
        self.read += (buffer.len() - before) as u64;
        filled
    }

    fn read_once(&mut self, buffer: &mut Vec<u8>) -> Result<Filled, Error> {
        let before = buffer.len();
        buffer.resize(before + self.ask, 0);
        let outcome = loop {
            match self.body.read(&mut buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        let count = *outcome.as_ref().unwrap_or(&0);
        self.unpacked += count as u64;
        if let Some(bounds) = &self.bounds
            && let Err(error) = bounds.check(self.body.packed(), self.unpacked)
        {
            buffer.truncate(before);
            return Err(error.into());
        }
        buffer.truncate(before + count);
        match outcome {
            Ok(0) => Ok(Filled::End),
            Ok(count) => {
                self.ask = count.saturating_mul(2).clamp(MIN_READ, MAX_READ);
                Ok(Filled::Some)
            }
            Err(error) => self.failed(error),
        }
    }

    fn failed(&self, error: io::Error) -> Result<Filled, Error> {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        let position = self.position();
        // A reader of this crate (the pages of a site) says more than "reading failed".
        let source = match error.downcast::<Error>() {
            Ok(ours) => return Err(ours),
            Err(source) => source,
        };
        match (&self.body, source.kind()) {
            (Body::Gzip(_), UnexpectedEof) => Ok(Filled::Cut),
            (Body::Gzip(_), InvalidData | InvalidInput) => Err(Error::GzipCorrupt { position, source }),
            _ => Err(Error::Read { position, source }),
        }
    }

    /// Bytes handed out, after decompression.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Bytes taken from the underlying input.
    pub(crate) fn position(&self) -> u64 {
        match &self.body {
            Body::Plain(raw) => raw.position,
            Body::Gzip(decoder) => decoder.get_ref().get_ref().position,
        }
    }
}

enum Body {
    Plain(Raw),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
}

impl Body {
    /// How many packed bytes were unpacked; none if they are not packed.
    fn packed(&self) -> Option<u64> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(decoder) => {
                let buffered = decoder.get_ref();
                Some(buffered.get_ref().position - buffered.buffer().len() as u64)
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// The underlying input, counted, with its first bytes given back after they were looked at.
struct Raw {
    inner: Box<dyn Read + Send>,
    first: Vec<u8>,
    given: usize,
    position: u64,
}

impl Raw {
    /// Reads until the bytes are told from a signature: mostly once, so that the first bytes of a slow pipe
    /// are not held back.
    fn read_first(&mut self, signature: &[u8]) -> Result<(), Error> {
        let mut buffer = vec![0; MIN_READ];
        while self.first.len() < signature.len() && signature.starts_with(&self.first) {
            match self.inner.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.first.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(error
                        .downcast::<Error>()
                        .unwrap_or_else(|source| Error::Read { position: 0, source }));
                }
            }
        }
        Ok(())
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.first[self.given..];
        let count = if rest.is_empty() {
            self.inner.read(buffer)?
        } else {
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.given += count;
            count
        };
        self.position += count as u64;
        Ok(count)
    }
}
