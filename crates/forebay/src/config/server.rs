//! `[server]`: how others reach this Forebay, and whose JWTs it accepts.

use std::collections::BTreeMap;

use forebay_domain::access::Role;
use forebay_engine::{
    jwt::{JwtKeys, JwtSettings, JwtVerifier},
    secret::SecretPlace,
};
use forebay_server::Network;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use super::error::Problem;
use crate::failure::Failure;

/// How others reach this Forebay.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// Address that people and programs use, such as `https://forebay.example.org`. Notifications link to it, and
    /// `forebay serve` accepts requests for it, which then need a token. Default: none.
    #[schemars(with = "Option<String>")]
    pub(crate) public_url: Option<Url>,
    /// Addresses or networks of the proxies in front of `forebay serve`, such as `127.0.0.1` or `10.0.0.0/8`. Their
    /// header `X-Forwarded-For` then says where a request comes from, for the audit trail and the limit on wrong
    /// tokens. Default: none.
    #[schemars(with = "Vec<String>")]
    #[serde(deserialize_with = "networks")]
    pub(crate) trusted_proxies: Vec<Network>,
    /// The identity provider whose JSON Web Tokens are accepted beside the tokens of `forebay tokens`. Default: none.
    jwt: Option<Jwt>,
}

/// The identity provider whose JSON Web Tokens are accepted, such as Supabase Auth. Needs `jwks_url` or `secret`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Jwt {
    /// The issuer (`iss`) that a token must have, such as `https://PROJECT.supabase.co/auth/v1`. Required.
    issuer: String,
    /// The audience (`aud`) that a token must be for, such as `authenticated`. Required.
    audience: String,
    /// Where the provider publishes its keys, for RS256 and ES256: `https://`, or `http://` on this machine. Default:
    /// none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    jwks_url: Option<Url>,
    /// Where to find the secret that the provider shares, for HS256: `env:NAME` or `file:PATH`. It has at least 32
    /// bytes. Default: none.
    #[serde(default)]
    secret: Option<String>,
    /// Path of the claim with the role, with dots between its names. Users must not be able to change it themselves.
    /// Default: `app_metadata.role`.
    #[serde(default)]
    role_claim: Option<String>,
    /// Role (`viewer`, `operator` or `admin`) for each value of that claim. Tokens with another value are refused.
    /// Default: each role by its own name.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    #[serde(default)]
    roles: Option<BTreeMap<String, Role>>,
}

impl Server {
    /// Checks what the types don't express. The value of a secret is known only where the server runs.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.check_url()?;
        let Some(jwt) = &self.jwt else { return Ok(()) };
        let wrong = |setting: &str, message: &str| Err(Problem::at(["server", "jwt", setting], message));
        let keys = match (&jwt.jwks_url, &jwt.secret) {
            (Some(url), None) => JwtKeys::JwksUrl(url.clone()),
            (None, Some(secret)) if SecretPlace::parse(secret).is_some() => JwtKeys::Secret("x".repeat(32)),
            // The text may be the secret itself, so it is not quoted.
            (None, Some(_)) => {
                return wrong(
                    "secret",
                    "`secret` must name an environment variable or a file: \"env:NAME\" or \"file:PATH\"",
                );
            }
            (Some(_), Some(_)) => return wrong("secret", "a provider has either jwks_url or secret"),
            (None, None) => return wrong("issuer", "[server.jwt] needs jwks_url or secret"),
        };
        jwt.settings(keys).check().or_else(|error| wrong(error.setting, &error.message))
    }

    fn check_url(&self) -> Result<(), Problem> {
        let Some(url) = &self.public_url else { return Ok(()) };
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            let message =
                "public_url must begin with https:// or http:// and have no user, query or fragment";
            return Err(Problem::at(["server", "public_url"], message));
        }
        Ok(())
    }

    /// The verifier of JWTs, if a provider is configured. Errors: `secret_missing`, `config_invalid`.
    pub(crate) fn jwt_verifier(&self) -> Result<Option<JwtVerifier>, Failure> {
        let Some(jwt) = &self.jwt else { return Ok(None) };
        let keys = match (&jwt.jwks_url, jwt.secret.as_deref().and_then(SecretPlace::parse)) {
            (Some(url), _) => JwtKeys::JwksUrl(url.clone()),
            (None, Some(place)) => JwtKeys::Secret(read_secret(place)?),
            (None, None) => return Ok(None),
        };
        let verifier = JwtVerifier::new(jwt.settings(keys)).map_err(|error| {
            Failure::usage("config_invalid", format!("[server.jwt] can't be used: {}", error.message))
        })?;
        Ok(Some(verifier))
    }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

impl Jwt {
    fn settings(&self, keys: JwtKeys) -> JwtSettings {
        let Self { issuer, audience, role_claim, roles, .. } = self.clone();
        JwtSettings {
            keys,
            issuer,
            audience,
            role_claim: role_claim.unwrap_or_else(|| JwtSettings::ROLE_CLAIM.to_owned()),
            roles: roles.unwrap_or_else(JwtSettings::default_roles),
        }
    }
}

fn read_secret(place: SecretPlace<'_>) -> Result<String, Failure> {
    place.read().map_err(|problem| {
        Failure::usage("secret_missing", format!("{problem}; [server.jwt] reads its secret from it"))
            .hint("provide the secret, or remove [server.jwt]")
    })
}
