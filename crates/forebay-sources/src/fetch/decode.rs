//! Undoing `Content-Encoding`, with bounds: on what comes out, and on how much more that is than what went in.
//!
//! Everything is decoded through [`Read`], so that a page in memory and a file that is still coming take the same way.
//! Whether bad data was cut off or damaged is told by whether the decoder asked for more than there was, because the
//! decoders themselves do not agree on an error for it.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use brotli_decompressor::Decompressor;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use url::Url;

use super::{Bounds, Encoding, FetchError, redact_url};
use crate::Error;

/// The largest window of zstd on the web (RFC 9659).
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// The encoding of a body. Error: `encoding_unknown`, also for one on top of another: what is between the two has no
/// bounds, and no server that means well packs twice.
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

/// What is known of the data that goes in, from outside of the decoder that owns it.
#[derive(Debug, Default)]
struct Wire {
    taken: AtomicU64,
    is_over: AtomicBool,
    /// What the source of the data said: decoders wrap it, or leave it out.
    failed: Mutex<Option<io::Error>>,
}

/// The data that goes in, watched.
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

/// A body on its way out of its encodings. Errors come out as [`Error::Fetch`] inside of [`io::Error`].
pub(super) struct Decoded {
    reader: Option<Box<dyn BufRead + Send>>,
    encoding: Option<Encoding>,
    decoder: Option<Box<dyn Read + Send>>,
    wire: Arc<Wire>,
    given: u64,
    bounds: Bounds,
    url: Url,
}

impl std::fmt::Debug for Decoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoded")
            .field("url", &redact_url(&self.url))
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

impl Decoded {
    /// The body of a URL, of which at most `max` bytes may come out.
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
            // Looking at the data may block, which is why it waits for the first read. No data at all is an empty body
            // in every encoding.
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

    /// That the body broke off.
    pub(super) fn cut_off(&self) -> FetchError {
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
            _ => self.cut_off(),
        };
        io::Error::other(Error::Fetch(error))
    }
}

impl Read for Decoded {
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

fn decoder(mut reader: Box<dyn BufRead + Send>, encoding: Encoding) -> io::Result<Box<dyn Read + Send>> {
    Ok(match encoding {
        Encoding::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Encoding::Deflate if is_zlib(reader.fill_buf()?) => Box::new(ZlibDecoder::new(reader)),
        Encoding::Deflate => Box::new(DeflateDecoder::new(reader)),
        Encoding::Br => Box::new(Decompressor::new(reader, 8 << 10)),
        Encoding::Zstd => Box::new(Zstd::new(reader)),
    })
}

/// Whether data begins with the header of RFC 1950: method 8, and a sum that 31 divides.
fn is_zlib(start: &[u8]) -> bool {
    match start {
        [method, flags, ..] => method & 15 == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        [method] => method & 15 == 8,
        [] => false,
    }
}

/// Frames of zstd, one after another.
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

    /// Goes on to the next frame; false if there is none.
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
            // One block, of 128 KiB at most, is decoded at a time.
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
