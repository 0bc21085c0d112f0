//! Signatures according to Standard Webhooks, version 1: HMAC-SHA256 over `id.timestamp.body`.
//!
//! A secret that starts with `whsec_` is the key in base64, as in the specification; any other secret is the key
//! itself. Several secrets, of several variables or separated by spaces, produce several signatures. A receiver accepts
//! a request if one of them is valid, so secrets can be rotated while receivers still use the old one.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ring::hmac::{HMAC_SHA256, Key, sign};

/// The header with the event's id.
pub(super) const ID: &str = "webhook-id";
/// The header with the time of sending, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub(super) const SIGNATURE: &str = "webhook-signature";

/// Standard base64 (RFC 4648, section 4). Secrets may lack their padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The signing keys.
pub(super) struct Signer {
    keys: Vec<Key>,
}

impl Signer {
    /// A signer with the keys of all secrets; `None`: there is no secret.
    pub(super) fn of<E>(keys: impl IntoIterator<Item = Result<Vec<Key>, E>>) -> Result<Option<Self>, E> {
        let keys: Vec<Vec<Key>> = keys.into_iter().collect::<Result<_, E>>()?;
        let keys: Vec<Key> = keys.into_iter().flatten().collect();
        Ok((!keys.is_empty()).then_some(Self { keys }))
    }

    /// The keys of secrets that are separated by spaces; `None`: there are none, or one of them is invalid base64.
    pub(super) fn keys(secrets: &str) -> Option<Vec<Key>> {
        let keys: Option<Vec<Key>> = secrets
            .split_whitespace()
            .map(|secret| match secret.strip_prefix("whsec_") {
                Some(encoded) => BASE64.decode(encoded).ok().filter(|key| !key.is_empty()),
                None => Some(secret.as_bytes().to_vec()),
            })
            .map(|key| key.map(|key| Key::new(HMAC_SHA256, &key)))
            .collect();
        keys.filter(|keys| !keys.is_empty())
    }

    /// The value of the header, with one signature per secret.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let one = |key: &Key| format!("v1,{}", BASE64.encode(sign(key, signed.as_bytes())));
        self.keys.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}
