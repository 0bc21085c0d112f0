//! The parts of a JWT (RFC 7519) in its compact form (RFC 7515).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::JwtRefusal;

/// Maximum length. Headers of requests are not much longer.
const MAX_BYTES: usize = 16 * 1024;

/// The first part of a JWT.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default)]
    pub(super) kid: Option<String>,
    /// Extensions that a reader must understand (RFC 7515, 4.1.11). None is supported.
    #[serde(default)]
    crit: Option<Value>,
}

/// A JWT that was not verified.
pub(super) struct Parts<'a> {
    pub(super) header: Header,
    /// What is signed: header and claims as they were sent.
    pub(super) signed: &'a str,
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, JwtRefusal> {
        let read = || {
            let text = Some(text).filter(|text| text.len() <= MAX_BYTES)?;
            let (signed, signature) = text.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            if claims.contains('.') {
                return None;
            }
            let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
            Some(Self { header, signed, signature: decode(signature)?, claims })
        };
        let parts: Self = read().ok_or(JwtRefusal::Malformed)?;
        if parts.header.crit.is_some() { Err(JwtRefusal::Malformed) } else { Ok(parts) }
    }

    /// The claims. Call it after the signature was verified.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, JwtRefusal> {
        let claims = decode(self.claims).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        claims.ok_or(JwtRefusal::Malformed)
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
