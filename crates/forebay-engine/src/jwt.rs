//! JSON Web Tokens of an identity provider, such as Supabase Auth: who asks, and in which role.
//!
//! A token is accepted if its signature is by a key of the provider, its issuer and audience are the configured ones,
//! it is within its time, and its role claim names one of our roles. Everything else is refused, so a provider whose
//! users have no such claim opens nothing. The algorithm follows from the key, never from the token: `none`, and a
//! public key that is used as a shared secret, can't pass.

mod keys;
mod settings;
mod token;

use jiff::Timestamp;

pub use self::settings::{JwtKeys, JwtSettingError, JwtSettings};
use self::{keys::Keys, token::Parts};
use crate::clock;
use forebay_domain::access::Principal;

forebay_domain::words! {
    /// Why a JWT is refused. Only the log says so; the caller learns that it is refused.
    pub enum JwtRefusal {
        /// It is no JWT, or too long.
        Malformed = "jwt_malformed",
        /// An algorithm that its key is not for, or that is not supported.
        Algorithm = "jwt_algorithm",
        /// A key that the provider doesn't have.
        UnknownKey = "jwt_unknown_key",
        /// The keys of the provider can't be read.
        KeysUnavailable = "jwt_keys_unavailable",
        /// Its signature is not by that key.
        Signature = "jwt_signature",
        /// It has expired, is not valid yet, or never expires.
        Time = "jwt_time",
        /// Another issuer.
        Issuer = "jwt_issuer",
        /// Another audience.
        Audience = "jwt_audience",
        /// It has no subject.
        Subject = "jwt_subject",
        /// Its role claim names none of our roles.
        Role = "jwt_role",
    }
}

/// Verifies the JWTs of one provider. Create one for a process: it keeps the keys.
#[derive(Debug)]
pub struct JwtVerifier {
    settings: JwtSettings,
    keys: Keys,
}

impl JwtVerifier {
    /// A verifier with these settings. Error: `jwt_invalid`.
    pub fn new(settings: JwtSettings) -> Result<Self, JwtSettingError> {
        settings.check()?;
        let keys = Keys::new(&settings.keys)?;
        Ok(Self { settings, keys })
    }

    /// Says who presents this token, or why it is refused.
    pub async fn verify(&self, presented: &str) -> Result<Principal, JwtRefusal> {
        self.verify_at(presented, clock::now()).await
    }

    /// The same at a time.
    pub async fn verify_at(&self, presented: &str, now: Timestamp) -> Result<Principal, JwtRefusal> {
        let parts = Parts::read(presented)?;
        self.keys.check(&parts, now).await?;
        // Nothing in the claims counts before the signature is known to be good.
        self.settings.principal(&parts.claims()?, now)
    }
}

#[cfg(test)]
mod tests;
