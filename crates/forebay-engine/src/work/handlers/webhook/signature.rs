//! Signatures according to Standard Webhooks, version 1: HMAC-SHA256 over `id.timestamp.body`.
//!
//! A secret that starts with `whsec_` is the key in base64, as in the specification; any other secret is the key
//! itself. Several secrets, separated by spaces, produce several signatures. A receiver accepts a request if one of
//! them is valid, so secrets can be rotated while receivers still use the old one.

use ring::hmac::{HMAC_SHA256, Key, sign};

/// The header with the event's id.
pub(super) const ID: &str = "webhook-id";
/// The header with the time of sending, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub(super) const SIGNATURE: &str = "webhook-signature";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The signing keys.
pub(super) struct Signer {
    keys: Vec<Key>,
}

impl Signer {
    /// Reads the secrets; None: there are none, or one of them is invalid base64.
    pub(super) fn parse(secrets: &str) -> Option<Self> {
        let keys: Option<Vec<Key>> = secrets
            .split_whitespace()
            .map(|secret| match secret.strip_prefix("whsec_") {
                Some(encoded) => decode(encoded).filter(|key| !key.is_empty()),
                None => Some(secret.as_bytes().to_vec()),
            })
            .map(|key| key.map(|key| Key::new(HMAC_SHA256, &key)))
            .collect();
        keys.filter(|keys| !keys.is_empty()).map(|keys| Self { keys })
    }

    /// The value of the header, with one signature per secret.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let one = |key: &Key| format!("v1,{}", encode(sign(key, signed.as_bytes()).as_ref()));
        self.keys.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

/// Base64 (RFC 4648, section 4), padded.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            // Three bytes become four characters; padding replaces the characters of missing bytes.
            let is_padding = place > chunk.len();
            out.push(if is_padding { '=' } else { char::from(ALPHABET[index as usize]) });
        }
    }
    out
}

/// Decodes base64, with or without padding.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut num_bits) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        num_bits += 6;
        if num_bits >= 8 {
            num_bits -= 8;
            out.push(u8::try_from((bits >> num_bits) & 0xff).ok()?);
        }
    }
    Some(out)
}
