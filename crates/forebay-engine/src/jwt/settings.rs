//! What a JWT must say, and which of our roles that gives.

use std::{collections::BTreeMap, fmt};

use forebay_domain::access::{Principal, Role};
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Map, Value};

use super::JwtRefusal;
use crate::http::is_loopback;

/// How far the clocks of the provider and this machine may differ, in seconds.
const LEEWAY: i64 = 30;
/// Shortest shared secret, in bytes: the length of the hash (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The keys of a provider.
#[derive(Clone, PartialEq, Eq)]
pub enum JwtKeys {
    /// A secret that the provider shares with us, for HS256: the legacy secret of a Supabase project.
    Secret(String),
    /// Where the provider publishes its public keys (a JSON Web Key Set), for RS256 and ES256.
    JwksUrl(Url),
}

/// What to accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtSettings {
    /// The keys.
    pub keys: JwtKeys,
    /// The only issuer (`iss`).
    pub issuer: String,
    /// The audience (`aud`) that a token must be for.
    pub audience: String,
    /// The path of the claim with the role, with dots. The provider alone must be able to set it.
    pub role_claim: String,
    /// Our role for each value of that claim. Other values are refused.
    pub roles: BTreeMap<String, Role>,
}

/// Settings that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JwtSettingError {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(hidden)"),
            Self::JwksUrl(url) => write!(f, "JwksUrl({url})"),
        }
    }
}

impl JwtSettings {
    /// The claim that users of Supabase can't change themselves.
    pub const ROLE_CLAIM: &str = "app_metadata.role";

    /// The roles unless others are set: each value that is the word of a role gives that role. `ingest` is not among
    /// them, because a JWT names no sources.
    pub fn default_roles() -> BTreeMap<String, Role> {
        let roles = [Role::Viewer, Role::Operator, Role::Admin];
        roles.into_iter().map(|role| (role.to_string(), role)).collect()
    }

    /// Checks the settings. Error: `jwt_invalid`.
    pub fn check(&self) -> Result<(), JwtSettingError> {
        let wrong = |setting, message: &str| Err(JwtSettingError { setting, message: message.to_owned() });
        match &self.keys {
            JwtKeys::Secret(secret) if secret.len() < MIN_SECRET_BYTES => {
                return wrong("secret", "secret must have at least 32 bytes");
            }
            JwtKeys::JwksUrl(url)
                if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) =>
            {
                return wrong("jwks_url", "jwks_url must begin with https://, or lead to this machine");
            }
            _ => {}
        }
        if self.issuer.is_empty() {
            return wrong("issuer", "issuer must not be empty");
        }
        if self.audience.is_empty() {
            return wrong("audience", "audience must not be empty");
        }
        let mut path = self.role_claim.split('.');
        if path.clone().any(str::is_empty) {
            return wrong("role_claim", "role_claim must be names with dots between them");
        }
        if path.next() == Some("user_metadata") {
            return wrong(
                "role_claim",
                "users can change user_metadata themselves: use a claim that only the provider sets",
            );
        }
        if self.roles.is_empty() {
            return wrong("roles", "roles must name at least one value");
        }
        if self.roles.values().any(|role| *role == Role::Ingest) {
            return wrong("roles", "a JWT names no sources, so it can't give the role ingest: use a token");
        }
        Ok(())
    }

    /// Who the claims of a verified token name.
    pub(super) fn principal(
        &self,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Principal, JwtRefusal> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let now = now.as_second();
        // A claim of the wrong type is not a missing one.
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or(JwtRefusal::Time),
        };
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let seconds = |time: f64| time as i64;
        let is_live = time("exp")?.is_some_and(|exp| seconds(exp).saturating_add(LEEWAY) > now);
        let has_begun = time("nbf")?.is_none_or(|nbf| seconds(nbf).saturating_sub(LEEWAY) <= now);
        if !(is_live && has_begun) {
            return Err(JwtRefusal::Time);
        }
        if text("iss") != Some(&self.issuer) {
            return Err(JwtRefusal::Issuer);
        }
        let is_audience = |value: &Value| value.as_str() == Some(&self.audience);
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(is_audience),
            Some(audience) => is_audience(audience),
            None => false,
        };
        if !is_for_us {
            return Err(JwtRefusal::Audience);
        }
        let name = text("sub").filter(|subject| !subject.is_empty()).ok_or(JwtRefusal::Subject)?;
        let mut path = self.role_claim.split('.');
        let first = path.next().and_then(|name| claims.get(name));
        let claim = path.fold(first, |value, name| value.and_then(|value| value.get(name)));
        let role = claim.and_then(Value::as_str).and_then(|word| self.roles.get(word));
        let role = *role.ok_or(JwtRefusal::Role)?;
        Ok(Principal { name: name.to_owned(), role, sources: None })
    }
}
