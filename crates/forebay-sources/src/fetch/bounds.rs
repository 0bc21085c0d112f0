//! Limits on a decompressed body: its size, and its ratio to the compressed size.
//!
//! A body may be compressed for transfer (`Content-Encoding`), be a compressed file, or both. The same bounds apply to
//! each layer, so no layer reads more than the bounds of the one before.

use url::Url;

use super::{error::FetchError, redact::redact_url};

/// Data that expands by a higher ratio is treated as an attack. gzip reaches at most 1032, with equal bytes only.
const MAX_RATIO: u64 = 200;

/// Up to this size, any ratio is allowed.
const HARMLESS: u64 = 1 << 20;

/// The bounds of one body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Its redacted URL.
    url: String,
    max_bytes: u64,
}

impl Bounds {
    /// At most this many decompressed bytes from a URL.
    pub fn new(url: &Url, max_bytes: u64) -> Self {
        Self { url: redact_url(url), max_bytes }
    }

    /// Checks the number of bytes read so far; `packed` is their compressed size, if they were compressed. Errors:
    /// `decompression_bomb`, `body_too_large`.
    pub(crate) fn check(&self, packed: Option<u64>, unpacked: u64) -> Result<(), FetchError> {
        if packed.is_some_and(|packed| unpacked > HARMLESS && unpacked / MAX_RATIO > packed) {
            return Err(FetchError::DecompressionBomb { url: self.url.clone(), ratio: MAX_RATIO });
        }
        if unpacked > self.max_bytes {
            return Err(FetchError::BodyTooLarge { url: self.url.clone(), limit: self.max_bytes });
        }
        Ok(())
    }
}
