//! The keys of a provider: one shared secret, or a set of public keys that is fetched when it is needed.
//!
//! A set is kept for ten minutes. A key that it doesn't have may be new, so the set is fetched again, but at most twice
//! a minute: made-up key ids can't make us ask the provider more often. A set that can't be fetched leaves the last one
//! in use for an hour.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use reqwest::{Client, Url};
use ring::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{JwtKeys, JwtRefusal, JwtSettingError, token::Parts};
use crate::http;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a key set.
const MAX_BYTES: usize = 256 * 1024;
/// Maximum number of keys to keep.
const MAX_KEYS: usize = 100;
/// How long a set is used, in seconds …
const KEPT: i64 = 600;
/// … and how long if it can't be fetched again.
const KEPT_IN_OUTAGE: i64 = 3_600;
/// Shortest time between two requests, in seconds.
const BETWEEN: i64 = 30;

#[derive(Debug)]
pub(super) enum Keys {
    Secret(hmac::Key),
    Published { url: Url, client: Client, fetched: Mutex<Fetched> },
}

#[derive(Debug, Default)]
pub(super) struct Fetched {
    keys: Vec<PublicKey>,
    /// When the set was last fetched, and when it was last tried.
    at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

/// A JSON Web Key (RFC 7517). Keys of other kinds are left out.
#[derive(Clone, Debug, Deserialize)]
struct PublicKey {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    pub(super) fn new(keys: &JwtKeys) -> Result<Self, JwtSettingError> {
        Ok(match keys {
            JwtKeys::Secret(secret) => Self::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())),
            JwtKeys::JwksUrl(url) => {
                let client = http::client(url, TIMEOUT)
                    .map_err(|error| JwtSettingError { setting: "jwks_url", message: error.to_string() })?;
                Self::Published { url: url.clone(), client, fetched: Mutex::default() }
            }
        })
    }

    /// Checks the signature of a token.
    pub(super) async fn check(&self, parts: &Parts<'_>, now: Timestamp) -> Result<(), JwtRefusal> {
        match self {
            Self::Secret(key) => {
                if parts.header.alg != "HS256" {
                    return Err(JwtRefusal::Algorithm);
                }
                hmac::verify(key, parts.signed.as_bytes(), &parts.signature)
                    .map_err(|_| JwtRefusal::Signature)
            }
            Self::Published { url, client, fetched } => {
                let kid = parts.header.kid.as_deref();
                let key = fetched.lock().await.key(url, client, kid, now).await?;
                key.check(parts)
            }
        }
    }
}

impl Fetched {
    /// The key of this id, from the set that is kept or a new one. Other requests wait meanwhile and share the outcome.
    async fn key(
        &mut self,
        url: &Url,
        client: &Client,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<PublicKey, JwtRefusal> {
        let age = |at: Option<Timestamp>| at.map_or(i64::MAX, |at| now.duration_since(at).as_secs());
        let is_needed = age(self.at) >= KEPT || self.find(kid).is_none();
        if is_needed && age(self.tried_at) >= BETWEEN {
            self.tried_at = Some(now);
            if let Some(keys) = fetch(url, client).await {
                (self.keys, self.at) = (keys, Some(now));
            } else {
                tracing::warn!(%url, "the keys of the identity provider could not be fetched");
            }
        }
        if age(self.at) >= KEPT_IN_OUTAGE {
            return Err(JwtRefusal::KeysUnavailable);
        }
        self.find(kid).cloned().ok_or(JwtRefusal::UnknownKey)
    }

    /// The key of this id; without an id, the only key.
    fn find(&self, kid: Option<&str>) -> Option<&PublicKey> {
        match (kid, self.keys.as_slice()) {
            (Some(_), keys) => keys.iter().find(|key| key.kid.as_deref() == kid),
            (None, [key]) => Some(key),
            (None, _) => None,
        }
    }
}

async fn fetch(url: &Url, client: &Client) -> Option<Vec<PublicKey>> {
    let mut response = client.get(url.clone()).send().await.ok()?.error_for_status().ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    let set: KeySet = serde_json::from_slice(&body).ok()?;
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<PublicKey>(key).ok());
    Some(
        keys.filter(|key| key.purpose.as_deref().is_none_or(|purpose| purpose == "sig"))
            .take(MAX_KEYS)
            .collect(),
    )
}

impl PublicKey {
    /// Checks a signature with the one algorithm that this key is for.
    fn check(&self, parts: &Parts<'_>) -> Result<(), JwtRefusal> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => "RS256",
            ("EC", Some("P-256")) => "ES256",
            _ => return Err(JwtRefusal::Algorithm),
        };
        if parts.header.alg != algorithm || self.alg.as_ref().is_some_and(|alg| alg != algorithm) {
            return Err(JwtRefusal::Algorithm);
        }
        let (signed, signature) = (parts.signed.as_bytes(), &parts.signature);
        let is_good = if algorithm == "RS256" {
            bytes(self.n.as_ref()).zip(bytes(self.e.as_ref())).is_some_and(|(n, e)| {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
            })
        } else {
            bytes(self.x.as_ref()).zip(bytes(self.y.as_ref())).is_some_and(|(x, y)| {
                // An uncompressed point (SEC 1, 2.3.3).
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            })
        };
        if is_good { Ok(()) } else { Err(JwtRefusal::Signature) }
    }
}

fn bytes(part: Option<&String>) -> Option<Vec<u8>> {
    part.and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
}
