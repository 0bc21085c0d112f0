//! How much may come out of a body: a number of bytes, and not out of all proportion to what went in.
//!
//! A body is packed on its way (`Content-Encoding`), or it is a packed file, or both. Each layer is held to the same
//! bounds by whoever unpacks it, so that what one layer may bring is the most that the next one has to read.

use url::Url;

use super::{FetchError, redact_url};

/// Data that grows more than this is an attack (gzip reaches 1032 times at most, of nothing but equal bytes).
const MAX_RATIO: u64 = 200;

/// Up to this size growth does no harm.
const HARMLESS: u64 = 1 << 20;

/// The bounds of one body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Where it comes from, without secrets.
    url: String,
    max_bytes: u64,
}

impl Bounds {
    /// At most this many bytes, unpacked, from a URL.
    pub fn new(url: &Url, max_bytes: u64) -> Self {
        Self { url: redact_url(url), max_bytes }
    }

    /// Whether so many bytes may have come out; `packed` is how many went in, if they were packed. Errors:
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
