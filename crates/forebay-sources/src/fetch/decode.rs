//! Decodes `Content-Encoding`, within [`Bounds`].
//!
//! All decoding goes through [`Read`], so pages in memory and downloads in progress share the code. The decoders have
//! no common error for truncated data. Data counts as truncated if the decoder has read all of it, and as corrupt
//! otherwise.

use std::{
    io::{self, BufRead, Read},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use brotli_decompressor::Decompressor;
use bytes::{Buf, Bytes};
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};
use url::Url;

use super::{
    bounds::Bounds, error::FetchError, head::Head, redact::redact_url, response::Oversize, settings::Encoding,
};
use crate::error::Error;

/// Maximum window size of zstd on the web (RFC 9659).
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// Larger bodies are decoded on a blocking thread.
const LARGE: usize = 128 << 10;

/// The encoding of a body. Error: `encoding_unknown`, also for several encodings: the data between two of them would be
/// unbounded, and no legitimate server compresses twice.
pub(super) fn encoding(headers: &HeaderMap, url: &Url) -> Result<Option<Encoding>, FetchError> {
    let unknown = || FetchError::EncodingUnknown { url: redact_url(url) };
    let mut found = None;
    for value in headers.get_all(CONTENT_ENCODING) {
        for word in value.to_str().map_err(|_| unknown())?.split(',') {
            let encoding = match word.trim().to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Encoding::Gzip,
                "deflate" => Encoding::Deflate,
                "br" => Encoding::Br,
                "zstd" => Encoding::Zstd,
                _ => return Err(unknown()),
            };
            if found.replace(encoding).is_some() {
                return Err(unknown());
            }
        }
    }
    Ok(found)
}

/// The progress of the encoded data, shared with the decoder that owns its reader.
#[derive(Debug, Default)]
struct Wire {
    taken: AtomicU64,
    is_over: AtomicBool,
    /// The error of the reader, because decoders wrap or drop it.
    failed: Mutex<Option<io::Error>>,
}

/// A reader of encoded data that updates [`Wire`].
struct Watched<R> {
    inner: R,
    wire: Arc<Wire>,
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.inner.fill_buf() {
            Ok(bytes) => {
                if bytes.is_empty() {
                    self.wire.is_over.store(true, Ordering::Relaxed);
                }
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                *self.wire.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        self.wire.taken.fetch_add(amount as u64, Ordering::Relaxed);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// Decodes a body. An error is an [`io::Error`] that contains [`Error::Fetch`].
pub(super) struct Decoder {
    reader: Option<Box<dyn BufRead + Send>>,
    encoding: Option<Encoding>,
    decoder: Option<Box<dyn Read + Send>>,
    wire: Arc<Wire>,
    given: u64,
    bounds: Bounds,
    url: Url,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("url", &redact_url(&self.url))
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// Decodes the body of a URL, up to `max` bytes.
    pub(super) fn new(
        body: impl BufRead + Send + 'static,
        encoding: Option<Encoding>,
        max: u64,
        url: Url,
    ) -> Self {
        let wire = Arc::<Wire>::default();
        let reader = Box::new(Watched { inner: body, wire: Arc::clone(&wire) });
        let bounds = Bounds::new(&url, max);
        Self { reader: Some(reader), encoding, decoder: None, wire, given: 0, bounds, url }
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(mut reader) = self.reader.take() {
            // This may block, so it happens on the first read. In every encoding, empty data is an empty body.
            if reader.fill_buf()?.is_empty() {
                self.encoding = None;
            }
            self.decoder = Some(match self.encoding {
                Some(encoding) => decoder(reader, encoding)?,
                None => Box::new(reader),
            });
        }
        match &mut self.decoder {
            Some(decoder) => decoder.read(buffer),
            None => Ok(0),
        }
    }

    fn check(&self) -> Result<(), FetchError> {
        let taken = self.encoding.map(|_| self.wire.taken.load(Ordering::Relaxed));
        self.bounds.check(taken, self.given)
    }

    fn truncated(&self) -> FetchError {
        FetchError::BodyTruncated { url: redact_url(&self.url) }
    }

    fn problem(&self) -> io::Error {
        if let Some(error) = self.wire.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return error;
        }
        let error = match self.encoding {
            Some(encoding) if !self.wire.is_over.load(Ordering::Relaxed) => {
                FetchError::BodyCorrupt { url: redact_url(&self.url), encoding: encoding.as_str() }
            }
            _ => self.truncated(),
        };
        io::Error::other(Error::Fetch(error))
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.read_on(buffer) {
                Ok(count) => {
                    self.given += count as u64;
                    self.check().map_err(|error| io::Error::other(Error::Fetch(error)))?;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(self.problem()),
            }
        }
    }
}

/// Decodes a whole body.
pub(super) async fn decode_body(
    wire: Bytes,
    head: &Head,
    limit: u64,
    oversize: Oversize,
) -> Result<Bytes, FetchError> {
    let encoding = encoding(&head.headers, &head.url)?;
    if encoding.is_none() {
        return Ok(wire);
    }
    let is_large = wire.len() > LARGE;
    let decoder = Decoder::new(wire.reader(), encoding, limit, head.url.clone());
    if !is_large {
        return read_all(decoder, oversize, limit);
    }
    let read = tokio::task::spawn_blocking(move || read_all(decoder, oversize, limit)).await;
    read.unwrap_or_else(|_| Err(FetchError::BodyTruncated { url: redact_url(&head.url) }))
}

fn read_all(mut decoder: Decoder, oversize: Oversize, limit: u64) -> Result<Bytes, FetchError> {
    let mut body = Vec::new();
    match decoder.read_to_end(&mut body) {
        Ok(_) => Ok(body.into()),
        // `body` contains what was read before the error.
        Err(_) if oversize == Oversize::Truncate && body.len() as u64 >= limit => Ok(body.into()),
        Err(error) => Err(match error.downcast::<Error>() {
            Ok(Error::Fetch(error)) => error,
            _ => decoder.truncated(),
        }),
    }
}

fn decoder(mut reader: Box<dyn BufRead + Send>, encoding: Encoding) -> io::Result<Box<dyn Read + Send>> {
    Ok(match encoding {
        Encoding::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Encoding::Deflate if is_zlib(reader.fill_buf()?) => Box::new(ZlibDecoder::new(reader)),
        Encoding::Deflate => Box::new(DeflateDecoder::new(reader)),
        Encoding::Br => Box::new(Decompressor::new(reader, 8 << 10)),
        Encoding::Zstd => Box::new(Zstd::new(reader)),
    })
}

/// Whether data starts with the header of RFC 1950: method 8, and a checksum divisible by 31.
fn is_zlib(start: &[u8]) -> bool {
    match start {
        [method, flags, ..] => method & 15 == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        [method] => method & 15 == 8,
        [] => false,
    }
}

/// A sequence of zstd frames.
struct Zstd<R> {
    source: R,
    frame: FrameDecoder,
    is_within: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(MAX_ZSTD_WINDOW);
        Self { source, frame, is_within: false }
    }

    /// Advances to the next frame. Returns false if there is none.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_within {
                self.is_within = self.next_frame()?;
                if !self.is_within {
                    return Ok(0);
                }
            }
            // Decodes one block of at most 128 KiB at a time.
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.frame.decode_blocks(&mut self.source, one).map_err(io::Error::other)?;
            }
            let count = self.frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.is_within = !self.frame.is_finished();
        }
    }
}

#[cfg(test)]
mod tests;
