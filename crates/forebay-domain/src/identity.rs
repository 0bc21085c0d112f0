//! Identity: the key of a record and the id of its reference.
//!
//! A `reference_id` is computed from the source's name and the record's key; it is never looked up and never depends on
//! the content. The same input gives the same id on every machine, in every database, in Rust and in SQL
//! (`forebay.reference_id(source, record_key)`), so a replay into an empty database gives the same ids.
//!
//! The id is a version 8 UUID (RFC 9562, section 5.8 and the example in its appendix B.2): the first 16 bytes of
//! SHA-256 over the source's name, one zero byte and the key, with the version and variant bits set. The zero byte
//! is a safe separator because Postgres text cannot contain it.

mod error;
mod key;
mod source;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use ring::digest;

pub use error::IdentityError;
pub(crate) use key::fill_hash;
pub use key::{
    HASH_FIELD, KeyField, MAX_KEY_BYTES, SCOPE_FIELD, append_record_key, is_by_hash, key_in_scope,
};
pub use source::{SourceIdentityError, check_entity_type, check_source};

use crate::hex;

/// The id of a reference. All later stages use it, and a hand-off passes nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferenceId(pub [u8; 16]);

/// SHA-256 of a record's canonical form after field rules.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionHash(pub [u8; 32]);

impl ReferenceId {
    /// Computes the id of the reference with `record_key` in the source named `source`.
    pub fn compute(source: &str, record_key: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(source.as_bytes());
        context.update(&[0]);
        context.update(record_key.as_bytes());
        Self::from_digest(context.finish().as_ref())
    }

    /// The `nth` id for a record whose key used to be that of another reference: that one keeps the id computed from
    /// the key. No key contains U+0000, so these ids differ from all computed ones.
    pub fn of_reused_key(source: &str, record_key: &str, nth: usize) -> Self {
        Self::compute(source, &format!("{record_key}\0{nth}"))
    }

    /// Turns the first 16 bytes of a digest into a version 8 UUID.
    fn from_digest(digest: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        id[6] = (id[6] & 0x0f) | 0x80;
        id[8] = (id[8] & 0x3f) | 0x80;
        Self(id)
    }
}

/// A version 8 UUID of a text, for ids of other kinds.
pub fn uuid_of(text: &[u8]) -> String {
    ReferenceId::from_digest(digest::digest(&digest::SHA256, text).as_ref()).to_string()
}

impl VersionHash {
    /// Hashes a canonical form.
    pub fn of(canonical: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, canonical).as_ref());
        Self(hash)
    }
}

/// Positions of the hyphens in a UUID's text form, in bytes of the id.
const GROUP_ENDS: [usize; 4] = [4, 6, 8, 10];

/// Writes the text form of a UUID (RFC 9562, section 4) in lower case.
impl fmt::Display for ReferenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (index, byte) in self.0.iter().enumerate() {
            at += usize::from(GROUP_ENDS.contains(&index));
            text[at..at + 2].copy_from_slice(&hex::pair(*byte));
            at += 2;
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ReferenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReferenceId({self})")
    }
}

/// Parses the text form of a UUID in either case.
impl FromStr for ReferenceId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let error = IdentityError::InvalidReferenceId;
        let mut id = [0; 16];
        let mut rest = text.as_bytes();
        for (index, byte) in id.iter_mut().enumerate() {
            if GROUP_ENDS.contains(&index) {
                rest = rest.strip_prefix(b"-").ok_or(error)?;
            }
            let (pair, after) = rest.split_first_chunk().ok_or(error)?;
            *byte = hex::byte(*pair).ok_or(error)?;
            rest = after;
        }
        if rest.is_empty() { Ok(Self(id)) } else { Err(error) }
    }
}

impl fmt::Display for VersionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(self.0) {
            *pair = hex::pair(byte);
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for VersionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VersionHash({self})")
    }
}

/// Parses 64 hexadecimal digits in either case.
impl FromStr for VersionHash {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let error = IdentityError::InvalidVersionHash;
        let (pairs, rest) = text.as_bytes().as_chunks();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(error);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(pairs) {
            *byte = hex::byte(*pair).ok_or(error)?;
        }
        Ok(Self(hash))
    }
}
