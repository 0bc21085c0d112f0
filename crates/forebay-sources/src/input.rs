//! The bytes of an input: decompressed, counted, and read in pieces as they arrive.
//!
//! gzip (RFC 1952, several members) is detected by its first two bytes, not by a file name. A truncated stream ends the
//! input, a corrupt one is an error; either way the bytes before it have been returned. Downloads have bounds, which
//! apply again when a downloaded file is itself compressed.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::{
    encoding::{Decoding, TextEncoding},
    error::Error,
    fetch::Bounds,
};

/// The size of the largest read.
const MAX_READ: usize = 1 << 20;
/// The size of the first read, and of the smallest.
const MIN_READ: usize = 16 << 10;
/// The size of the buffer for compressed bytes.
const COMPRESSED: usize = 128 << 10;
/// The first bytes of gzip data.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    Some,
    /// The input is complete.
    End,
    /// The gzip stream is truncated.
    Cut,
}

pub(crate) struct Input {
    body: Body,
    /// None: the bytes are UTF-8 already.
    decoding: Option<Decoding>,
    /// The bytes of a read before they are decoded.
    encoded: Vec<u8>,
    /// Bytes that were read to detect the format, and not returned yet.
    peeked: Vec<u8>,
    /// The result of the read after those bytes, if they were the last.
    after_peeked: Option<Result<Filled, Error>>,
    read: u64,
    /// Decompressed bytes, including those peeked.
    unpacked: u64,
    bounds: Option<Bounds>,
    /// The size of the next read: twice the result of the last one, so that a slow pipe doesn't cost clearing large
    /// buffers.
    ask: usize,
}

impl Input {
    pub(crate) fn open(
        inner: Box<dyn Read + Send>,
        bounds: Option<Bounds>,
        encoding: Option<TextEncoding>,
    ) -> Result<Self, Error> {
        let mut raw = Raw { inner, first: Vec::new(), given: 0, position: 0 };
        raw.read_first(&GZIP)?;
        let body = if raw.first.starts_with(&GZIP) {
            Body::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(COMPRESSED, raw))))
        } else {
            Body::Plain(raw)
        };
        Ok(Self {
            body,
            decoding: encoding.map(Decoding::new),
            encoded: Vec::new(),
            peeked: Vec::new(),
            after_peeked: None,
            read: 0,
            unpacked: 0,
            bounds,
            ask: MIN_READ,
        })
    }

    /// The bytes read so far, which will be returned again.
    pub(crate) fn peeked(&self) -> &[u8] {
        &self.peeked
    }

    /// Reads more bytes to peek at. Returns false if there are none.
    pub(crate) fn peek(&mut self) -> bool {
        if self.after_peeked.is_some() {
            return false;
        }
        let mut peeked = std::mem::take(&mut self.peeked);
        let outcome = self.read_text(&mut peeked);
        self.peeked = peeked;
        match outcome {
            Ok(Filled::Some) => true,
            ended => {
                self.after_peeked = Some(ended);
                false
            }
        }
    }

    /// Drops bytes from the front of the peeked ones.
    pub(crate) fn skip_peeked(&mut self, count: usize) {
        self.peeked.drain(..count);
        self.read += count as u64;
    }

    /// Appends the peeked bytes, or else the result of one read.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>) -> Result<Filled, Error> {
        if !self.peeked.is_empty() {
            buffer.extend_from_slice(&self.peeked);
            self.read += self.peeked.len() as u64;
            self.peeked = Vec::new();
            return Ok(Filled::Some);
        }
        if let Some(result) = self.after_peeked.take() {
            return result;
        }
        let before = buffer.len();
        let filled = self.read_text(buffer);
        self.read += (buffer.len() - before) as u64;
        filled
    }

    /// Reads once, and decodes what was read. At the end, an incomplete character becomes text too.
    fn read_text(&mut self, buffer: &mut Vec<u8>) -> Result<Filled, Error> {
        let Some(mut decoding) = self.decoding.take() else { return self.read_once(buffer) };
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        let before = buffer.len();
        // A read may end inside the first character.
        let filled = loop {
            let filled = self.read_once(&mut encoded);
            if filled.is_ok() {
                decoding.decode(&encoded, buffer);
            }
            encoded.clear();
            match filled {
                Ok(Filled::Some) if buffer.len() == before => {}
                // The next read is at the end again.
                Ok(Filled::End) if buffer.len() > before => break Ok(Filled::Some),
                filled => break filled,
            }
        };
        self.encoded = encoded;
        self.decoding = Some(decoding);
        filled
    }

    /// A sentence about bytes that are invalid in the encoding, if there were any.
    pub(crate) fn replaced(&self) -> Option<String> {
        self.decoding.as_ref().and_then(Decoding::sentence)
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
        // An error of this crate's own readers is more precise than "reading failed".
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

    /// Bytes returned, after decompression.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Bytes read from the underlying input.
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
    /// How many compressed bytes were decompressed; none if the input is not compressed.
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

/// Counts the bytes of the underlying input, and returns its first bytes again after they were checked.
struct Raw {
    inner: Box<dyn Read + Send>,
    first: Vec<u8>,
    given: usize,
    position: u64,
}

impl Raw {
    /// Reads until the first bytes match the signature or not: usually one read, so that the first bytes of a slow pipe
    /// are not delayed.
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
